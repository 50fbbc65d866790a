"""The Gaussian copula that ties application columns, missing flags and history aggregates of one client together."""

from dataclasses import dataclass

import numpy as np

from solvent.world.draws import Draws
from solvent.world.exact import multiply, settle
from solvent.world.marginals import Flags, Floats, Marginal, binary_marginal, visible_deviation
from solvent.world.published import Facts

TARGET = "TARGET"
MISSING = "__missing"
NOISE_ERRORS = 1.5
"""A measured correlation keeps 1 - (this many standard errors / itself)^2 of its size: noise is not signal."""

NOISE_ERRORS_OF_TARGET = 0.75
"""The same for correlations with TARGET, milder: the ridge of `outcomes` shrinks those once more."""

LARGEST_CORRELATION = 0.995
LARGEST_OF_RARE_FLAGS = 0.5
RARE_DEVIATION = 0.35
"""Below this visible deviation (a flag of about 2 %) a converted correlation is mostly noise, and is cut."""

SMALLEST_EIGENVALUE = 0.002
PASSES = 20


@dataclass(frozen=True)
class Copula:
    """`names` of the latents, the `marginals` that cut them, and the factor (k, k) that correlates them."""

    names: tuple[str, ...]
    marginals: tuple[Marginal, ...]
    factor: Floats
    target_correlations: Floats

    def draw(self, draws: Draws, clients: int) -> "Latents":
        """Draw the latents of this many clients."""
        return Latents(self, multiply(draws.normal(clients, len(self.names)), self.factor.T))


@dataclass(frozen=True)
class Latents:
    """Standard normal latents, float64 (n, k), by name."""

    copula: Copula
    values: Floats

    def __getitem__(self, name: str) -> Floats:
        return np.ascontiguousarray(self.values[:, self.copula.names.index(name)])

    def flag(self, name: str) -> Flags:
        """Return a flag per row: the binary latent lies above its threshold."""
        marginal = self.copula.marginals[self.copula.names.index(name)]
        return np.asarray(self[name] > marginal.edges[1], dtype=np.bool_)


def build_copula(facts: Facts) -> Copula:
    """Build the copula of all columns but TARGET; `target_correlations` (k,) are those with the default latent."""
    names = tuple(str(name) for name in facts.correlation["names"])
    marginals = tuple(_marginal(name, facts) for name in names)
    measured, known = _measured(facts, len(names))
    errors = np.asarray(facts.correlation["standard_error"], dtype=np.float64)
    target = names.index(TARGET)
    scale = np.full((len(names), len(names)), NOISE_ERRORS)
    scale[target] = NOISE_ERRORS_OF_TARGET
    shrunk = np.where(known, _shrink(measured, scale * np.maximum.outer(errors, errors)), 0.0)
    kept = np.array([position for position in range(len(names)) if position != target])
    latent = _latent_correlations(shrunk, marginals)[np.ix_(kept, kept)]
    to_target = shrunk[target, kept] / visible_deviation(marginals[target])
    return Copula(
        names=tuple(names[position] for position in kept),
        marginals=tuple(marginals[position] for position in kept),
        factor=settle(np.linalg.cholesky(_positive_definite(latent)).astype(np.float64)),
        target_correlations=to_target,
    )


def _marginal(name: str, facts: Facts) -> Marginal:
    if name == TARGET:
        return binary_marginal(facts.default_rate)
    if name.endswith(MISSING):
        column = name.removesuffix(MISSING)
        return binary_marginal((facts.application.get(column) or facts.client[column]).missing)
    return facts.application.get(name) or facts.client[name]


def _measured(facts: Facts, size: int) -> tuple[Floats, Flags]:
    matrix, known = np.zeros((size, size)), np.zeros((size, size), dtype=np.bool_)
    for row, values in enumerate(facts.correlation["lower_thousandths"]):
        for column, value in enumerate(values):
            if value is not None:
                matrix[row, column] = matrix[column, row] = value / 1000
                known[row, column] = known[column, row] = True
    return matrix, known


def _shrink(correlation: Floats, noise: Floats) -> Floats:
    size = np.maximum(np.abs(correlation), 1e-9)
    return np.asarray(correlation * np.maximum(0.0, 1.0 - (noise / size) ** 2), dtype=np.float64)


def _latent_correlations(visible: Floats, marginals: tuple[Marginal, ...]) -> Floats:
    deviation = np.array([visible_deviation(marginal) for marginal in marginals])
    latent = visible / np.outer(deviation, deviation)
    binary = np.array([marginal.discrete and len(marginal.values) == 2 for marginal in marginals])
    both = np.outer(binary, binary)
    # Two flags: the linear conversion overshoots for strong ties; Sheppard's sine is exact for even shares.
    latent = np.where(both & (np.abs(visible) > 0.3), np.sin(np.pi / 2 * visible), latent)
    rare = np.minimum.outer(deviation, deviation) < RARE_DEVIATION
    largest = np.where(rare, LARGEST_OF_RARE_FLAGS, LARGEST_CORRELATION)
    return np.clip(latent, -largest, largest)


def _positive_definite(correlation: Floats) -> Floats:
    """Return the nearest correlation matrix: alternating projections with Dykstra's correction.

    Source: N. J. Higham, Computing the nearest correlation matrix, IMA J. Numer. Anal. 22 (2002).
    """
    current, correction = correlation.copy(), np.zeros_like(correlation)
    np.fill_diagonal(current, 1.0)
    for _ in range(PASSES):
        values, vectors = np.linalg.eigh(current - correction)
        projected = (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T
        correction = projected - (current - correction)
        current = projected.copy()
        np.fill_diagonal(current, 1.0)
    values, vectors = np.linalg.eigh(current)
    repaired = (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(repaired))
    return np.asarray(repaired / np.outer(scale, scale), dtype=np.float64)
