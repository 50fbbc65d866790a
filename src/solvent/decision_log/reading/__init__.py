"""Decisions, figures and histories, read back."""
