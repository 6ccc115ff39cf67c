"""Pages for: Operators of the installation."""
