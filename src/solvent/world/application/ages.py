"""Days counted back from the application that depend on age: employment, registration, identity document."""

from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.application.employment import EMPLOYED
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.exact import settle
from solvent.world.drawing.marginals import Floats, Marginal, Table, numbers
from solvent.world.drawing.normal import normal_cdf, normal_quantile
from solvent.world.drawing.raking import rake
from solvent.world.drawing.sentinels import NO_DATE
from solvent.world.drawing.time_spans import YEAR_DAYS

GROUPS, CELLS = 30, 120
"""Age groups, and cells of equal mass of a column, between which the fit is even."""

WORKING_AGE = 18.0
"""Nobody among 1,200 real applicants began the present employment younger."""

FIRST_AGE, RENEWAL_AGE = 20.0, 45.0
"""Ages in years at which a Russian passport is replaced (government decree 828 of 8 July 1997)."""

_KEPT = {
    FIRST_AGE: ((0.0, 2.5, 7.5, 11.0, 14.0), (1.0, 0.88, 0.50, 0.25, 0.0)),
    RENEWAL_AGE: ((0.0, 2.5, 7.5, 10.0, 17.0), (1.0, 0.96, 0.82, 0.70, 0.0)),
}
"""Years since the replacement, and share of the applicants who still carry that document (1,200 real applications)."""

RENEWAL_LAG_DAYS = 33.0
"""Mean delay of the replacement: of those who carry it, 9 of 10 got it within 73 days (the same applications)."""


@dataclass(frozen=True)
class ByAge:
    """Distribution of a column of days per age group.

    Inner `edges` of the groups in years, mean and deviation of the latent per group (2, g), and cumulated shares
    `levels` (g, k) at the days `values` (k,).
    """

    edges: Floats
    moments: Floats
    levels: Floats
    values: Floats

    def ranks(self, latent: Floats, age: Floats) -> Floats:
        """Return the rank of each client inside its age group, between 0 and 1."""
        group = np.searchsorted(self.edges, age)
        return normal_cdf((latent - self.moments[0, group]) / self.moments[1, group])

    def days(self, ranks: Floats, age: Floats) -> Floats:
        """Return the days at these ranks, float64 (n,), not rounded."""
        group = np.searchsorted(self.edges, age)
        drawn = np.zeros(ranks.shape[0])
        for at in np.unique(group):
            rows = group == at
            drawn[rows] = np.interp(ranks[rows], self.levels[at], self.values)
        return drawn


def fit_by_age(latent: Floats, age: Floats, marginal: Marginal, oldest: Floats) -> ByAge:
    """Fit a column whose days reach back at most `oldest` (n,) days, on a reference draw of its clients."""
    return _fit((latent, age), marginal, oldest, (np.ones(age.size), np.zeros(CELLS)))


def _fit(drawn: tuple[Floats, Floats], marginal: Marginal, oldest: Floats, part: tuple[Floats, Floats]) -> ByAge:
    """Fit the distribution of a part of the clients so that the marginal holds for all.

    `part` is each client's share in it (n,), and the number of the other clients per cell.
    """
    (latent, age), (weight, taken) = drawn, part
    edges = settle(np.quantile(age, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, age)
    moments = np.array([[latent[group == at].mean(), latent[group == at].std()] for at in range(GROUPS)]).T
    cuts = normal_quantile(np.linspace(0, 1, CELLS + 1))
    values = marginal.draw(cuts)
    standard = (cuts[None, :] - moments[0][:, None]) / moments[1][:, None]
    seed = np.diff(normal_cdf(standard.ravel()).reshape(standard.shape), axis=1)
    reach = np.array([np.mean(-values[None, :-1] <= oldest[group == at][:, None], axis=0) for at in range(GROUPS)])
    mass = np.maximum(age.size / CELLS - taken, 0.0)
    sizes = np.asarray(np.bincount(group, weights=weight, minlength=GROUPS), dtype=np.float64)
    shares = rake(seed * reach + 1e-9, sizes, mass)
    return ByAge(edges, settle(moments), np.column_stack([np.zeros(GROUPS), np.cumsum(shares, axis=1)]), values)


def fit_identity(latent: Floats, age: Floats, marginal: Marginal) -> ByAge:
    """Fit DAYS_ID_PUBLISH of those who no longer carry the document of their last replacement by age."""
    since, kept = _document(age)
    values = marginal.draw(normal_quantile(np.linspace(0, 1, CELLS + 1)))
    cell = np.clip(np.searchsorted(values, -since + RENEWAL_LAG_DAYS / 2) - 1, 0, CELLS - 1)
    taken = np.asarray(np.bincount(cell, weights=kept, minlength=CELLS), dtype=np.float64)
    return _fit((latent, age), marginal, since, (1 - kept, taken))


def identity_days(rule: ByAge, latent: Floats, age: Floats, draws: Draws) -> Floats:
    """Return DAYS_ID_PUBLISH: a document of the last replacement by age, or a later one."""
    since, kept = _document(age)
    ranks = rule.ranks(latent, age)
    lag = draws.exponential(RENEWAL_LAG_DAYS, age.size)
    later = rule.days((ranks - kept) / np.maximum(1 - kept, 1e-9), age)
    return np.rint(np.where(ranks < kept, np.minimum(lag - since, 0.0), np.maximum(later, -since)))


def _document(age: Floats) -> tuple[Floats, Floats]:
    """Return the days since the last replacement by age, and the share that still carries that document."""
    renewed = age >= RENEWAL_AGE
    years = age - np.where(renewed, RENEWAL_AGE, FIRST_AGE)
    kept = np.where(renewed, np.interp(years, *_KEPT[RENEWAL_AGE]), np.interp(years, *_KEPT[FIRST_AGE]))
    return np.maximum(years, 0.0) * YEAR_DAYS, kept


@dataclass(frozen=True)
class AgeRules:
    """The columns of days that depend on age."""

    employed: ByAge
    registered: ByAge
    identity: ByAge


def fit_ages(reference: Latents) -> AgeRules:
    """Fit the rules on a reference draw of the copula."""
    _, age = reference.birth
    works = reference.flag(EMPLOYED)
    marginal = reference.copula.marginal
    working = (age[works] - WORKING_AGE) * YEAR_DAYS
    return AgeRules(
        employed=fit_by_age(reference["DAYS_EMPLOYED"][works], age[works], marginal("DAYS_EMPLOYED"), working),
        registered=fit_by_age(reference["DAYS_REGISTRATION"], age, marginal("DAYS_REGISTRATION"), age * YEAR_DAYS),
        identity=fit_identity(reference["DAYS_ID_PUBLISH"], age, marginal("DAYS_ID_PUBLISH")),
    )


def draw_days(table: Table, rules: AgeRules, latents: Latents, draws: Draws) -> None:
    """Set DAYS_EMPLOYED, DAYS_REGISTRATION and DAYS_ID_PUBLISH of the applications in `table`."""
    _, age = latents.birth
    birth = numbers(table, "DAYS_BIRTH")
    works = latents.flag(EMPLOYED)
    employed = rules.employed.days(rules.employed.ranks(latents["DAYS_EMPLOYED"], age), age)
    began = np.minimum(np.maximum(np.rint(employed), np.ceil(birth + WORKING_AGE * YEAR_DAYS)), -1.0)
    table["DAYS_EMPLOYED"] = np.where(works, began, NO_DATE)
    registered = rules.registered.days(rules.registered.ranks(latents["DAYS_REGISTRATION"], age), age)
    table["DAYS_REGISTRATION"] = np.maximum(np.rint(registered), birth + 1)
    identity = identity_days(rules.identity, latents["DAYS_ID_PUBLISH"], age, draws)
    table["DAYS_ID_PUBLISH"] = np.maximum(identity, birth + 1)
