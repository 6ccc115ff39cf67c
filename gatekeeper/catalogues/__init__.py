"""What is shipped as data: reason codes, use restrictions, form templates. Plain values, no queries."""
