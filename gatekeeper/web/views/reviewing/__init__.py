"""Pages for: Reviewers and their queue."""
