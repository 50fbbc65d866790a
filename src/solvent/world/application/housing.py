"""The housing columns: averages from the copula, MODE and MEDI that follow from them in even buildings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.application.hidden import Presence
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Floats, Marginal, Table, numbers, share_edges
from solvent.world.drawing.normal import normal_density, normal_quantile
from solvent.world.published import Facts

DECIMALS = 4
_BEGIN = "YEARS_BEGINEXPLUATATION"
_TOGETHER = 0.8
"""How often a column shares the evenness of its building: the columns of a building differ mostly at once (correlations
of .4 to .87 among 600 real applications)."""

_UNITS = {
    "APARTMENTS": (485.0, 476.0, 480.32),
    "LIVINGAPARTMENTS": (594.8, 544.5, 584.7),
    "NONLIVINGAPARTMENTS": (259.0, 257.0, 257.55),
}
"""Frequent values are whole multiples of one part in so many of AVG, MODE and MEDI (spikes in `marginals.json`)."""

_FIRST_YEAR, _YEAR, _MODE_LATER = 0.985085, 0.000496, 0.00001
"""Frequent averages of YEARS_BEGINEXPLUATATION are years apart from the first figure by the second; MODE lies higher by
the third, so that rounding parts the two now and then (frequent values in relations.json)."""

_BUILT = {"MODE": 0.96085, "MEDI": 0.98666}
"""What MODE and MEDI of YEARS_BUILD keep of 1 less the average (spikes of the three columns)."""

_HALF_YEAR = {"YEARS_BEGINEXPLUATATION": 0.0003, "YEARS_BUILD": 0.0035}
"""A value farther than this from every frequent one is rare."""

_CLOSENESS = 0.8
"""Correlation of the latents of MODE or MEDI with that of the average in uneven buildings."""

_COARSE, _FINE, _SAMPLED = 13, 241, 6_000


@dataclass(frozen=True)
class HousingRule:
    """One kind of housing column.

    Averages of buildings where MODE follows (`even`) and where it differs (`odd`), values that MODE can have, and for
    MODE and MEDI the factor to the average, the share that differs, and the distribution of those. `follows` has the
    share that follows by what the average lets expect: never more than the published distribution has.
    """

    name: str
    even: Marginal
    odd: Marginal
    modes: Floats
    factors: Mapping[str, float]
    differs: Mapping[str, float]
    others: Mapping[str, Marginal]
    follows: Mapping[str, tuple[Floats, Floats]]


def fit_housing(facts: Facts) -> tuple[HousingRule, ...]:
    """Return the rules of the 14 kinds of housing columns."""
    return tuple(_fit(facts, name) for name in facts.sample["housing"])


def _fit(facts: Facts, name: str) -> HousingRule:
    entry, equal = facts.sample["housing"][name], facts.relations["housing_equal"][name]
    marginals = {kind: facts.application[f"{name}_{kind}"] for kind in ("AVG", "MODE", "MEDI")}
    factors = {"MODE": entry["mode"], "MEDI": entry["medi"]}
    if name in _UNITS:
        average, *others = _UNITS[name]
        factors = {kind: average / parts for kind, parts in zip(factors, others, strict=True)}
    differs = {kind: float(entry[f"{kind.lower()}_differs"]) for kind in factors}
    same = [kind for kind, factor in factors.items() if factor == 1 and (name, kind) != (_BEGIN, "MODE")]
    differs.update({kind: 1 - equal[kind] for kind in same})
    even = odd = marginals["AVG"]
    modes = np.asarray(marginals["MODE"].values if marginals["MODE"].discrete else [], dtype=np.float64)
    if modes.size:
        even, odd, differs["MODE"] = _split(facts.relations[f"{name}_AVG"], factors["MODE"], modes, differs["MODE"])
    if name in _HALF_YEAR:
        even = odd = _whole_years(facts.relations[f"{name}_AVG"], marginals["AVG"], _HALF_YEAR[name])
    draft = HousingRule(name, even, odd, modes, factors, differs, {}, {})
    if not modes.size:
        shown = 1 - _zero_share(marginals["AVG"])
        draft = replace(draft, differs={kind: share / shown for kind, share in differs.items()})
    draft = replace(draft, follows={kind: _follows(draft, kind, marginals[kind]) for kind in factors})
    return replace(draft, others={kind: _other(draft, kind, marginals[kind]) for kind in factors})


def _split(
    known: Mapping[str, list[float]], factor: float, modes: Floats, differs: float
) -> tuple[Marginal, Marginal, float]:
    """Return the frequent averages where MODE follows and where it differs, and the share of the latter.

    An average that MODE cannot follow differs; the rest of the share is spread over the others.
    """
    values, shares = np.asarray(known["values"]), np.asarray(known["shares"]) / np.sum(known["shares"])
    shown = values > 0
    apart = np.min(np.abs(np.minimum(values * factor, 1.0)[:, None] - modes[None, :]), axis=1) > 3e-4
    share = max(differs, float(shares[apart].sum()))
    spread = (share - float(shares[apart].sum())) / float(shares[~apart & shown].sum())
    odd = np.where(apart, shares, shares * spread * shown)
    return _discrete(values[~apart], (shares - odd)[~apart]), _discrete(values, odd), share


def _discrete(values: Floats, shares: Floats) -> Marginal:
    return Marginal(share_edges(shares.tolist()), tuple(values.tolist()), True, False, 0.0)  # noqa: FBT003


def _whole_years(known: Mapping[str, Any], marginal: Marginal, half_year: float) -> Marginal:
    """Return the frequent values, and for what they do not cover the rare ones of the marginal."""
    values, shares = np.asarray(known["values"]), np.asarray(known["shares"]) / np.sum(known["shares"])
    drawn = np.round(marginal.draw(_ranks()), DECIMALS)
    rare = drawn[np.abs(drawn - _nearest(drawn, values)) > half_year]
    listed, place = np.unique(np.append(values, rare), return_inverse=True)
    weights = np.append(shares * known["covers"], np.full(rare.size, (1 - known["covers"]) / max(rare.size, 1)))
    return _discrete(listed, np.asarray(np.bincount(place, weights=weights), dtype=np.float64))


def _zero_share(marginal: Marginal) -> float:
    lower, upper = marginal.ties()
    return float(marginal.tie_mass[marginal.draw((lower + upper) / 2) == 0].sum())


@cache
def _ranks() -> Floats:
    return normal_quantile((np.arange(_SAMPLED) + 0.5) / _SAMPLED)


def _followed(rule: HousingRule, kind: str) -> tuple[Floats, Floats]:
    """Return averages of even buildings at evenly spaced ranks, and what they let expect."""
    average = _average(rule, _ranks(), np.zeros(_SAMPLED, dtype=np.bool_))
    return average, _even(rule, average, kind)


def _shown(whole: Marginal) -> Floats:
    return np.round(whole.draw(_ranks()), DECIMALS)


def _edges(whole: Marginal, levels: int) -> Floats:
    """Return bounds between the rounded values that `whole` shows, 0 apart."""
    drawn = np.round(whole.draw(normal_quantile(np.linspace(0, 1, levels))), DECIMALS) + 0.5 * 10**-DECIMALS
    return np.unique(np.append(drawn[(drawn > 1e-9) & (drawn < 1.0)], [0.0, 1e-9, 1.0]))


def _follows(rule: HousingRule, kind: str, whole: Marginal) -> tuple[Floats, Floats]:
    edges = _edges(whole, _COARSE)
    share = np.full(edges.size - 1, 1 - rule.differs[kind])
    if kind == "MODE" and not rule.modes.size and rule.name not in (*_HALF_YEAR, "NONLIVINGAPARTMENTS"):
        expected = np.histogram(_followed(rule, kind)[1], edges)[0]
        share = np.minimum(share, np.histogram(_shown(whole), edges)[0] / np.maximum(expected, 1))
    share[0] = 1.0
    return edges, share


def _share_that_follows(rule: HousingRule, kind: str, expected: Floats) -> Floats:
    edges, share = rule.follows[kind]
    return np.asarray(share[np.clip(np.searchsorted(edges, expected, side="right") - 1, 0, share.size - 1)])


def _other(rule: HousingRule, kind: str, whole: Marginal) -> Marginal:
    """Return what MODE or MEDI shows where it differs: its published distribution less the part that follows."""
    _, followed = _followed(rule, kind)
    if whole.discrete:
        place = np.argmin(np.abs(followed[:, None] - rule.modes[None, :]), axis=1)
        share = np.bincount(place, minlength=rule.modes.size) / _SAMPLED
        return _discrete(rule.modes, np.maximum(whole.visible_mass - (1 - rule.differs[kind]) * share, 1e-9))
    edges = _edges(whole, _FINE)
    kept = np.histogram(followed, edges, weights=_share_that_follows(rule, kind, followed))[0]
    left = np.maximum(np.histogram(_shown(whole), edges)[0] - kept, 1e-9)
    levels = np.append(0.0, np.cumsum(left)) / left.sum()
    return Marginal(normal_quantile(levels), tuple(edges.tolist()), False, False, 0.0)  # noqa: FBT003


def add_housing(table: Table, rules: tuple[HousingRule, ...], drawn: tuple[Presence, Latents], draws: Draws) -> None:
    """Set AVG, MODE and MEDI of the 14 kinds of housing columns in `table`; all three are missing together."""
    presence, latents = drawn
    size = latents.values.shape[0]
    common = draws.uniform(size)
    for rule in rules:
        latent = presence.seen(latents, f"{rule.name}_AVG")
        missing = np.isnan(numbers(table, f"{rule.name}_AVG"))
        evenness = np.where(draws.chance(_TOGETHER, size), common, draws.uniform(size))
        average = _average(rule, latent, evenness < rule.differs["MODE"])
        table[f"{rule.name}_AVG"] = np.where(missing, np.nan, average)
        for kind, other in rule.others.items():
            close = _CLOSENESS * _among_shown(rule, latent) + np.sqrt(1 - _CLOSENESS**2) * draws.normal(size)
            even = _even(rule, average, kind)
            where = (evenness < 1 - _share_that_follows(rule, kind, even)) & (average > 0)
            values = np.where(where, np.round(other.draw(close), DECIMALS), even)
            table[f"{rule.name}_{kind}"] = np.where(missing, np.nan, values)
    table["TOTALAREA_MODE"] = np.round(numbers(table, "TOTALAREA_MODE"), DECIMALS)


def _among_shown(rule: HousingRule, latent: Floats) -> Floats:
    """Return the latent as a standard normal among averages above 0."""
    zero = _zero_share(rule.odd)
    if zero == 0:
        return latent
    cut = normal_quantile(zero)
    mean = normal_density(cut) / (1 - zero)
    return np.asarray((latent - mean) / np.sqrt(1 + cut * mean - mean**2), dtype=np.float64)


def _average(rule: HousingRule, latent: Floats, differs: Flags) -> Floats:
    """Return averages: in even buildings a value that MODE can follow or a whole year, elsewhere any."""
    drawn = np.where(differs, rule.odd.draw(latent), rule.even.draw(latent))
    return np.asarray(np.round(drawn, DECIMALS), dtype=np.float64)


def _even(rule: HousingRule, average: Floats, kind: str) -> Floats:
    """Return what the average lets expect of MODE or MEDI."""
    followed = average * rule.factors[kind]
    if rule.name == "YEARS_BUILD":
        followed = np.where(average == 0, 0.0, 1 - (1 - average) * _BUILT[kind])
    elif rule.name == _BEGIN and kind == "MODE":
        year = _FIRST_YEAR + np.rint((average - _FIRST_YEAR) / _YEAR) * _YEAR
        followed = np.where(np.abs(year - average) <= 10**-DECIMALS, year + _MODE_LATER, average)
    elif rule.name in _UNITS:
        parts, mode, medi = _UNITS[rule.name]
        whole = np.rint(average * parts)
        exact = np.abs(whole / parts - average) <= 0.6 * 10**-DECIMALS
        followed = np.where(exact, whole / (mode if kind == "MODE" else medi), followed)
    rounded = np.asarray(np.round(np.clip(followed, 0.0, 1.0), DECIMALS), dtype=np.float64)
    return _nearest(rounded, rule.modes) if kind == "MODE" and rule.modes.size else rounded


def _nearest(values: Floats, allowed: Floats) -> Floats:
    middles = (allowed[1:] + allowed[:-1]) / 2
    return np.asarray(allowed[np.searchsorted(middles, values)], dtype=np.float64)
