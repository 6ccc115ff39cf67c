"""Pages for: Anyone who looks for a release."""
