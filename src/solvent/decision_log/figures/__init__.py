"""Figures for the pages of the dashboard, computed by the database."""
