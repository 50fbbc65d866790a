"""The business in plain Python: costs, threshold, policy, reasons, records and the ports to the outside."""
