"""Solvent scores consumer-credit applications, decides, records each decision, and watches the model that decides."""

__version__ = "0.1.0"
