"""The JSON face: the same nouns and verbs as the pages, with the same refusals.

A view finds what its viewer may see, checks the shape of what was sent, calls one verb and answers. Nothing else.
"""
