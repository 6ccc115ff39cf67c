"""Discussions of a repository: public also where its files are gated."""
