"""Forms of the stewarding pages."""
