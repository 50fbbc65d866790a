"""Random draws of one part of one block of clients, typed."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from solvent.world.drawing.marginals import Flags, Floats, Integers


class Draws:
    """One stream of random numbers; streams with different paths below a seed are independent."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    @classmethod
    def stream(cls, seed: int, *path: int) -> Self:
        """Return the stream at this path below the seed, the same on every call."""
        return cls(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=path)))

    def uniform(self, size: int) -> Floats:
        """Draw float64 (size,) between 0 and 1."""
        return np.asarray(self._generator.random(size), dtype=np.float64)

    def normal(self, *shape: int) -> Floats:
        """Draw standard normal float64 of this shape."""
        return np.asarray(self._generator.standard_normal(shape), dtype=np.float64)

    def exponential(self, mean: float, size: int) -> Floats:
        """Draw exponential float64 (size,) with this mean."""
        return np.asarray(self._generator.exponential(mean, size), dtype=np.float64)

    def poisson(self, mean: Floats | float, size: int) -> Integers:
        """Draw Poisson counts int64 (size,) with this mean, or with one mean each."""
        return np.asarray(self._generator.poisson(mean, size), dtype=np.int64)

    def chance(self, share: ArrayLike, size: int) -> Flags:
        """Draw flags (size,) that are true with this probability, or with one each."""
        return np.asarray(self._generator.random(size) < np.asarray(share), dtype=np.bool_)
