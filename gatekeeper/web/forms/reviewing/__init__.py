"""Forms of the reviewing pages."""
