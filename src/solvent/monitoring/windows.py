"""The stretch of time that a figure speaks of."""

from solvent.domain.measurements import Window

__all__ = ["Window"]
