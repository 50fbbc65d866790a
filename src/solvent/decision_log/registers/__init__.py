"""The small tables beside the decisions, each written and read in one module."""
