"""A local Hub over HTTP, for the demo and the tests: the real client cannot tell it from the Hub for what is used here.

It is a process of its own with its own storage, and imports nothing from the rest of the project.
"""
