"""The decision log: every decision, durable before it is released."""
