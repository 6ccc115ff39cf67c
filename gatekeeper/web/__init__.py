"""A face: pages. Each view finds what is visible, reads the form, calls one verb, and answers."""
