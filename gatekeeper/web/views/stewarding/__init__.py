"""Pages for: Stewards and owners of a publisher."""
