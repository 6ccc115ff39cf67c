"""The outside: the only room that knows Hugging Face."""
