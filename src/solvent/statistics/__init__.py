"""Statistics that more than one room needs, each with its source."""
