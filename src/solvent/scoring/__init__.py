"""From an application to a recorded decision."""
