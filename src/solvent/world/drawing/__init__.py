"""Draws of random values: streams, marginals, and shares by group."""
