"""Views, by noun. Each finds through `visible_to`, checks the shape, calls one verb, and answers."""
