"""What happens at a sign-in."""
