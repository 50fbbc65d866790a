"""Arithmetic that gives the same bits whatever number of threads the machine lends to linear algebra.

The BLAS behind `@` and `numpy.linalg` splits its sums by thread count, so the last bits of its results move. It is used
for fitting only, and what is fitted is rounded; clients are drawn with sums in a fixed order.
"""

import numpy as np

from solvent.world.drawing.marginals import Floats

FITTED_DECIMALS = 6
"""Far coarser than the 1e-13 by which thread counts differ, far finer than the facts, which have three decimals."""


def multiply(left: Floats, right: Floats) -> Floats:
    """Return the matrix product of (n, k) and (k, m), or of (n, k) and (k,), with sums in a fixed order."""
    return np.asarray(np.einsum("nk,k...->n...", left, np.ascontiguousarray(right), optimize=False), dtype=np.float64)


def settle(fitted: Floats) -> Floats:
    """Return fitted numbers rounded to `FITTED_DECIMALS`, so that they do not depend on the thread count."""
    return np.asarray(np.round(fitted, FITTED_DECIMALS), dtype=np.float64)
