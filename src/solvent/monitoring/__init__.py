"""Watches the model that decides: reads the decision log and the bundle's reference, and says what it sees."""
