"""What each address does, and what the documentation says of it."""
