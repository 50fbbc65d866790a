"""One figure of a monitor, with everything that is needed to trust it."""

from solvent.domain.measurements import Measurement

__all__ = ["Measurement"]
