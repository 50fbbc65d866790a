"""What the service tells of itself: log events and metrics."""
