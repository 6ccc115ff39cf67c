"""Forms of operators."""
