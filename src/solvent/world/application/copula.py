"""The Gaussian copula that ties application columns, missing flags and history aggregates of one client together."""

from dataclasses import dataclass, replace

import numpy as np

from solvent.world.application.employment import (
    EMPLOYED,
    EMPLOYED_ONLY,
    Employment,
    employed_marginal,
    fit_employment,
    within_employed,
)
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import multiply, settle
from solvent.world.drawing.marginals import Flags, Floats, Marginal, binary_marginal, visible_deviation
from solvent.world.drawing.sentinels import MISSING
from solvent.world.drawing.time_spans import YEAR_DAYS
from solvent.world.published import Facts

TARGET = "TARGET"
NOISE_ERRORS = 1.5
"""A measured correlation keeps 1 - (this many standard errors / itself)^2 of its size: noise is not signal."""

LARGEST_CORRELATION = 0.995
LARGEST_OF_RARE_FLAGS = 0.5
RARE_DEVIATION = 0.35
"""Below this visible deviation (a flag of about 2 %) a converted correlation is mostly noise, and is cut."""

BUILDING, LOANS_KNOWN = "YEARS_BEGINEXPLUATATION_AVG", "bureau_count"
"""The root of the tied missing flags: the best known building column; and the loans of a client, known to the bureau
almost exactly when its enquiries are."""

TIED_FLAGS = 0.5
"""Missing flags with at least this correlation are tied by their joint shares."""

SMALLEST_EIGENVALUE = 0.002
PASSES = 20

REFERENCE_CLIENTS = 30_000
REFERENCE_SEED = 19_970_708


@dataclass(frozen=True, slots=True)
class MissingLink:
    """How often a value is missing: where the parent is missing, where it is shown, and for a blank building.

    With a share for the last, the first two are those among applications that say something of the building.
    """

    child: str
    parent: str
    if_missing: float
    if_shown: float
    if_blank: float | None


@dataclass(frozen=True)
class Copula:
    """`names` of the latents, the `marginals` that cut them, and the factor (k, k) that correlates them.

    The marginals of columns that say something of the employed only are those among the employed.
    """

    names: tuple[str, ...]
    marginals: tuple[Marginal, ...]
    factor: Floats
    links: tuple[MissingLink, ...] = ()
    blank_share: float = 0.0
    employment: Employment | None = None

    def draw(self, draws: Draws, clients: int) -> "Latents":
        """Draw the latents of this many clients."""
        latents = Latents(self, multiply(draws.normal(clients, len(self.names)), self.factor.T))
        if self.employment is not None:
            threshold = float(self.marginal(EMPLOYED).edges[1])
            at = self.names.index(EMPLOYED)
            latents.values[:, at] = self.employment.bend(latents[EMPLOYED], latents.birth, latents.is_man, threshold)
        return latents

    def marginal(self, name: str) -> Marginal:
        """Return the distribution behind a latent."""
        return self.marginals[self.names.index(name)]


@dataclass(frozen=True)
class Latents:
    """Standard normal latents, float64 (n, k), by name."""

    copula: Copula
    values: Floats

    def __getitem__(self, name: str) -> Floats:
        return np.ascontiguousarray(self.values[:, self.copula.names.index(name)])

    def flag(self, name: str) -> Flags:
        """Return a flag per row: the binary latent lies above its threshold."""
        return np.asarray(self[name] > self.copula.marginal(name).edges[1], dtype=np.bool_)

    @property
    def birth(self) -> tuple[Floats, Floats]:
        """Latent of DAYS_BIRTH, and the age in years, float64 (n,) each."""
        latent = self["DAYS_BIRTH"]
        return latent, -self.copula.marginal("DAYS_BIRTH").draw(latent) / YEAR_DAYS

    @property
    def is_man(self) -> Flags:
        """A flag per client: CODE_GENDER is M."""
        return self.copula.marginal("CODE_GENDER").texts(self["CODE_GENDER"]).equals("M")


def build_copula(facts: Facts) -> Copula:
    """Build the copula of all columns, missing flags and history aggregates; TARGET follows later, from the tables."""
    names = tuple(name for name in map(str, facts.correlation["names"]) if name != TARGET)
    marginals = tuple(_marginal(name, facts) for name in names)
    measured, known = _measured(facts, names)
    errors = dict(zip(facts.correlation["names"], facts.correlation["standard_error"], strict=True))
    error = np.array([errors[name] for name in names], dtype=np.float64)
    measured = within_employed(measured, known, names, facts)
    shrunk = np.where(known, _shrink(measured, NOISE_ERRORS * np.maximum.outer(error, error)), 0.0)
    latent = _latent_correlations(shrunk, marginals)
    draft = Copula(
        names=names,
        marginals=marginals,
        factor=settle(np.linalg.cholesky(_positive_definite(latent)).astype(np.float64)),
        links=_missing_links(facts),
        blank_share=float(facts.relations["housing_blank"]),
    )
    return replace(draft, employment=_employment(draft))


def _missing_links(facts: Facts) -> tuple[MissingLink, ...]:
    """Tie the missing flags of application columns that nearly are one to the most similar one: a tree.

    Pairs of flags follow from their published shares and correlations exactly; the copula alone falls short of
    correlations of .9. Source: Chow and Liu, Approximating discrete probability distributions with dependence trees,
    IEEE Trans. Inf. Theory 14 (1968).
    """
    flags = [name.removesuffix(MISSING) for name in map(str, facts.correlation["names"]) if name.endswith(MISSING)]
    columns = [name for name in flags if name in facts.application and name not in EMPLOYED_ONLY]
    columns.append(LOANS_KNOWN)
    linked, links = [BUILDING], []
    while len(linked) < len(columns):
        pairs = [(parent, child) for parent in linked for child in columns if child not in linked]
        similar = [facts.correlation_of(parent + MISSING, child + MISSING) for parent, child in pairs]
        parent, child = pairs[int(np.argmax(similar))]
        linked.append(child)
        if max(similar) >= TIED_FLAGS:
            links.append(_missing_link(facts, parent, child, max(similar)))
    return tuple(links)


def _missing_link(facts: Facts, parent: str, child: str, correlation: float) -> MissingLink:
    above, below = _missing_share(facts, parent), _missing_share(facts, child)
    joint = above * below + correlation * float(np.sqrt(above * (1 - above) * below * (1 - below)))
    if_blank = None
    if child.endswith(("_AVG", "_MODE")):
        blank = float(facts.relations["housing_blank"])
        if_blank, parent_blank = min(below / blank, 1.0), min(above / blank, 1.0)
        joint = (joint - blank * min(if_blank, parent_blank)) / (1 - blank)
        above, below = (above - blank * parent_blank) / (1 - blank), (below - blank * if_blank) / (1 - blank)
    shares = np.clip([joint / max(above, 1e-9), (below - joint) / (1 - above)], 0.0, 1.0)
    return MissingLink(child, parent, float(shares[0]), float(shares[1]), if_blank)


def _missing_share(facts: Facts, name: str) -> float:
    return (facts.application.get(name) or facts.client[name]).missing


def _employment(draft: Copula) -> Employment:
    """Fit who is not employed on a reference draw of the three latents that it rests on."""
    names = (EMPLOYED, "DAYS_BIRTH", "CODE_GENDER")
    rows = [draft.names.index(name) for name in names]
    normals = Draws.stream(REFERENCE_SEED).normal(REFERENCE_CLIENTS, len(draft.names))
    part = replace(draft, names=names, marginals=tuple(draft.marginals[row] for row in rows))
    reference = Latents(part, multiply(normals, draft.factor[rows].T))
    idle_share = float(draft.marginal(EMPLOYED).visible_mass[0])
    return fit_employment(reference[EMPLOYED], reference.birth, reference.is_man, idle_share)


def _marginal(name: str, facts: Facts) -> Marginal:
    if name in EMPLOYED_ONLY:
        return employed_marginal(facts, name)
    if name.endswith(MISSING):
        column = name.removesuffix(MISSING)
        return binary_marginal((facts.application.get(column) or facts.client[column]).missing)
    return facts.application.get(name) or facts.client[name]


def _measured(facts: Facts, names: tuple[str, ...]) -> tuple[Floats, Flags]:
    listed = [str(name) for name in facts.correlation["names"]]
    matrix = np.full((len(listed), len(listed)), np.nan)
    for row, values in enumerate(facts.correlation["lower_thousandths"]):
        for column, value in enumerate(values):
            if value is not None:
                matrix[row, column] = matrix[column, row] = value / 1000
    kept = [listed.index(name) for name in names]
    measured = matrix[np.ix_(kept, kept)]
    return np.nan_to_num(measured), ~np.isnan(measured)


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
