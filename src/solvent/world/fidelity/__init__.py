"""How close a made world is to the published statistics of the real tables."""
