"""Forms of the applying pages."""
