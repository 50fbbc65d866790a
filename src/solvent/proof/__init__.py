"""Proves the monitors on the simulated lender: they ring when something is planted, and are silent when nothing is."""
