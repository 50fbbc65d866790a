"""Who is not employed, by age and sex, and what the published correlations say of those who are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from solvent.world.drawing.marginals import Flags, Floats, Marginal, binary_marginal, share_edges
from solvent.world.drawing.normal import normal_cdf, normal_density, normal_quantile
from solvent.world.drawing.sentinels import MISSING, NO_DATE
from solvent.world.published import Facts

EMPLOYED = "FLAG_EMP_PHONE"
"""The raw flag that is 1 for those who are employed, in all but one of 10,000 applications (relations.json)."""

OCCUPATION_MISSING = "OCCUPATION_TYPE" + MISSING
_IDLE_VALUES: Mapping[str, tuple[object, ...]] = {
    "DAYS_EMPLOYED": (NO_DATE,),
    "NAME_INCOME_TYPE": ("Pensioner", "Unemployed"),
    "ORGANIZATION_TYPE": ("XNA",),
    OCCUPATION_MISSING: (1,),
    "FLAG_WORK_PHONE": (0,),
    "REG_REGION_NOT_WORK_REGION": (0,),
    "LIVE_REGION_NOT_WORK_REGION": (0,),
    "REG_CITY_NOT_WORK_CITY": (0,),
    "LIVE_CITY_NOT_WORK_CITY": (0,),
}
"""What those who are not employed show in columns that say something of the employed only.

For the five flags it follows from the published correlations with FLAG_EMP_PHONE: they are those of a flag that is 0
for every one who is not employed, to the third decimal.
"""

EMPLOYED_ONLY = tuple(_IDLE_VALUES)
OCCUPATION_MISSING_EMPLOYED = 0.1626
"""Share of the employed without an occupation (relations.json)."""

_PENSION_AGES = {"F": 56.3, "M": 59.5}
_PENSION_AGE_DEVIATION = 4.0
_IDLE_BEFORE = {"F": 0.008, "M": 0.025}
"""Age in years at which half are not employed, how it spreads, and the share that is not employed at every age.

Pension age in Russia was 55 for women and 60 for men (federal law 400 of 2013). The figures follow the shares of not
employed by five years of age and sex among 1,200 real applications; a common shift then fits the published share.
"""

_AGES = np.arange(18.0, 75.0)


@dataclass(frozen=True)
class Employment:
    """Bends the latent of `EMPLOYED` so that retirement comes with age: `cuts` per sex (2, ages) of its remainder."""

    slope: float
    cuts: Floats

    def bend(self, latent: Floats, birth: tuple[Floats, Floats], is_man: Flags, threshold: float) -> Floats:
        """Return the latent moved so that it lies below `threshold` where the client is not employed.

        `birth` is the latent of DAYS_BIRTH and the age in years.
        """
        birth_latent, age = birth
        remainder = latent - self.slope * birth_latent
        cut = np.where(is_man, np.interp(age, _AGES, self.cuts[1]), np.interp(age, _AGES, self.cuts[0]))
        return np.asarray(remainder - cut + threshold, dtype=np.float64)


def fit_employment(latent: Floats, birth: tuple[Floats, Floats], is_man: Flags, idle_share: float) -> Employment:
    """Fit the cuts on a reference draw so that the share of clients that are not employed is `idle_share`."""
    birth_latent, age = birth
    slope = float(np.round(np.mean(latent * birth_latent) / np.mean(birth_latent**2), 6))
    remainder = latent - slope * birth_latent
    moments = [(float(remainder[rows].mean()), float(remainder[rows].std())) for rows in (~is_man, is_man)]
    lower, upper = -8.0, 8.0
    for _ in range(40):
        shift = (lower + upper) / 2
        shares = np.stack([_idle_shares(sex, shift) for sex in ("F", "M")])
        at_age = np.where(is_man, np.interp(age, _AGES, shares[1]), np.interp(age, _AGES, shares[0]))
        lower, upper = (shift, upper) if at_age.mean() > idle_share else (lower, shift)
    cuts = np.stack(
        [mean + deviation * normal_quantile(row) for (mean, deviation), row in zip(moments, shares, strict=True)]
    )
    return Employment(slope, np.round(cuts, 6))


def _idle_shares(sex: str, shift: float) -> Floats:
    retired = normal_cdf((_AGES - _PENSION_AGES[sex] - shift) / _PENSION_AGE_DEVIATION)
    return np.asarray(_IDLE_BEFORE[sex] + (1 - _IDLE_BEFORE[sex]) * retired, dtype=np.float64)


def employed_marginal(facts: Facts, name: str) -> Marginal:
    """Return the distribution of a column of `EMPLOYED_ONLY` among the employed."""
    if name == OCCUPATION_MISSING:
        return binary_marginal(OCCUPATION_MISSING_EMPLOYED)
    marginal, idle = facts.application[name], _IDLE_VALUES[name]
    if marginal.discrete:
        shares = marginal.visible_mass
        if len(marginal.values) == 2:
            return binary_marginal(float(shares[1]) / (1 - _idle_share(facts)))
        kept = [at for at, value in enumerate(marginal.values) if value not in idle]
        return replace(
            marginal,
            edges=share_edges([float(shares[at]) for at in kept]),
            values=tuple(marginal.values[at] for at in kept),
        )
    shown = np.array([value not in idle for value in marginal.values])
    levels = normal_cdf(marginal.edges[shown]) / (1 - _idle_share(facts))
    levels[-1] = 1.0
    return replace(marginal, edges=normal_quantile(levels), values=tuple(np.asarray(marginal.values)[shown].tolist()))


def _idle_share(facts: Facts) -> float:
    return float(facts.application[EMPLOYED].visible_mass[0])


@dataclass(frozen=True)
class _Scores:
    """Normal scores of a column: of those not employed, and mean and variance among the employed."""

    idle: float
    employed: float
    variance: float

    def deviation(self, idle_share: float) -> float:
        """Return the deviation over all clients."""
        between = idle_share * (1 - idle_share) * (self.idle - self.employed) ** 2
        return float(np.sqrt(between + (1 - idle_share) * self.variance))


def _scores(facts: Facts, name: str) -> _Scores:
    share = _idle_share(facts)
    if name == OCCUPATION_MISSING:
        return _flag_scores(1.0, OCCUPATION_MISSING_EMPLOYED)
    marginal = facts.application[name]
    if not marginal.discrete:
        return _number_scores(share)
    if len(marginal.values) == 2:
        return _flag_scores(0.0, float(marginal.visible_mass[1]) / (1 - share))
    mass = marginal.visible_mass
    score = normal_quantile(np.cumsum(mass) - mass / 2)
    is_idle = np.array([value in _IDLE_VALUES[name] for value in marginal.values])
    mean = float(np.average(score[~is_idle], weights=mass[~is_idle]))
    variance = float(np.average((score[~is_idle] - mean) ** 2, weights=mass[~is_idle]))
    return _Scores(float(np.average(score[is_idle], weights=mass[is_idle])), mean, variance)


def _flag_scores(idle: float, employed: float) -> _Scores:
    return _Scores(idle, employed, employed * (1 - employed))


def _number_scores(idle_share: float) -> _Scores:
    """Return the scores of a number whose largest value is that of the clients who are not employed."""
    cut = normal_quantile(1 - idle_share)
    mean = -float(normal_density(cut)[0]) / (1 - idle_share)
    return _Scores(float(normal_quantile(1 - idle_share / 2)[0]), mean, 1 + float(cut[0]) * mean - mean**2)


def within_employed(measured: Floats, known: Flags, names: tuple[str, ...], facts: Facts) -> Floats:
    """Return the correlations (k, k) with those of `EMPLOYED_ONLY` replaced by their part among the employed.

    A covariance over all clients is the one between the two groups plus the one within them, and within those who are
    not employed these columns are constant. Both parts follow from the published correlation and the one with
    `EMPLOYED`. The result stands for latents that are independent of being employed.
    """
    share = _idle_share(facts)
    is_employed = names.index(EMPLOYED)
    spread = np.sqrt(share * (1 - share))
    scores = {names.index(name): _scores(facts, name) for name in EMPLOYED_ONLY if name in names}
    gap = -np.where(known[is_employed], measured[is_employed], 0.0) / spread
    deviation_total, deviation_employed = np.ones(len(names)), np.ones(len(names))
    for at, score in scores.items():
        gap[at] = score.idle - score.employed
        deviation_total[at], deviation_employed[at] = score.deviation(share), np.sqrt(score.variance)
    within = measured.copy()
    between = share * (1 - share) * np.outer(gap, gap)
    covariance = (measured * np.outer(deviation_total, deviation_total) - between) / (1 - share)
    replaced = np.clip(covariance / np.outer(deviation_employed, deviation_employed), -1.0, 1.0)
    for at in scores:
        within[at], within[:, at] = replaced[at], replaced[:, at]
        within[at, is_employed] = within[is_employed, at] = 0.0
    np.fill_diagonal(within, np.diag(measured))
    return np.where(known, within, 0.0)
