"""The forms, by who they are for, then by noun. They read shapes; what is allowed is said by the verbs."""
