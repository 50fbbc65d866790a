"""Charts in one style, made of what the readers return."""
