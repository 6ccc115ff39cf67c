"""Pages for: Somebody who asks for access, or has it."""
