"""The application table: raw columns from a client's latents, and the rules that hold inside one application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.world.amounts import Amounts, draw_amounts, fit_amounts
from solvent.world.copula import Latents
from solvent.world.draws import Draws
from solvent.world.hidden import Presence, not_employed
from solvent.world.housing import add_housing
from solvent.world.marginals import (
    Coded,
    Flags,
    Floats,
    Integers,
    Marginal,
    Table,
    conditional_codes,
    fitted_edges,
    numbers,
    texts,
)
from solvent.world.published import TEXT, Facts

NOT_EMPLOYED_DAYS = 365243.0
"""The raw table's DAYS_EMPLOYED of pensioners and unemployed."""

_WITH_ANOTHER_ADULT = ("Married", "Civil marriage")
_PENSIONER, _UNEMPLOYED = "Pensioner", "Unemployed"
_ALONE = (*(2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), *range(14, 22))
_WITH_DOCUMENT_3 = 0.09
"""Share of the other documents that come together with document 3: relations.json, (.7085 - .6892) of .2138."""


@dataclass(frozen=True)
class ConditionalShares:
    """A text or count column whose distribution depends on a group: labels, and inner z edges per group."""

    labels: tuple[Any, ...]
    edges: Mapping[int, Floats]

    def codes(self, latent: Floats, groups: Integers) -> Integers:
        """Return the position in `labels` of each row, int64 (n,)."""
        return conditional_codes(latent, groups, self.edges)


@dataclass(frozen=True)
class ApplicationRules:
    """What `build_rules` measured on a reference draw, so that shares hold after the rules were applied."""

    income_types: tuple[str, ...]
    income_edges: Mapping[int, Floats]
    organizations: Mapping[int, ConditionalShares]
    occupations: Mapping[int, ConditionalShares]
    children: Mapping[int, ConditionalShares]
    documents: Mapping[str, Mapping[int, Floats]]
    amounts: Amounts


def build_rules(facts: Facts, reference: Latents) -> ApplicationRules:
    """Fit the conditional thresholds on a reference draw of the copula (a few 10,000 clients)."""
    marginal = facts.application["NAME_INCOME_TYPE"]
    employed = ~not_employed(reference)
    shares = [_mass(marginal, name) for name in marginal.values if name not in {_PENSIONER, _UNEMPLOYED}]
    names = tuple(name for name in marginal.values if name not in {_PENSIONER, _UNEMPLOYED})
    income_edges = fitted_edges(reference["NAME_INCOME_TYPE"], employed.astype(np.int64), {1: shares})
    income = conditional_codes(reference["NAME_INCOME_TYPE"], employed.astype(np.int64), income_edges)
    income = np.where(employed, income, -1)
    status = facts.application["NAME_FAMILY_STATUS"]
    family = status.codes(reference["NAME_FAMILY_STATUS"])
    return ApplicationRules(
        income_types=names,
        income_edges=income_edges,
        organizations=_fit(facts, "organization_given_income_type", reference["ORGANIZATION_TYPE"], (income, names)),
        occupations=_fit(facts, "occupation_given_income_type", reference["OCCUPATION_TYPE"], (income, names)),
        children=_fit(facts, "children_given_family_status", reference["CNT_CHILDREN"], (family, status.values)),
        documents=_fit_documents(facts, reference),
        amounts=fit_amounts(facts, reference),
    )


def _mass(marginal: Marginal, value: str) -> float:
    at = marginal.values.index(value)
    return float(marginal.visible_mass[at])


def _fit(
    facts: Facts, relation: str, latent: Floats, groups: tuple[Integers, tuple[str, ...]]
) -> dict[int, ConditionalShares]:
    codes, names = groups
    fitted = {}
    for code, name in enumerate(names):
        known = facts.relations[relation].get(name)
        if known is not None:
            edges = fitted_edges(latent, codes, {code: known["shares"]})
            fitted[code] = ConditionalShares(tuple(known["values"]), edges)
    return fitted


def _fit_documents(facts: Facts, reference: Latents) -> dict[str, dict[int, Floats]]:
    contract = reference.flag("NAME_CONTRACT_TYPE")
    names = facts.application["NAME_CONTRACT_TYPE"].values
    given = {code: facts.relations["document_3_given_contract"][name] for code, name in enumerate(names)}
    edges = {"3": fitted_edges(reference["FLAG_DOCUMENT_3"], contract.astype(np.int64), _with_flag(given))}
    third = conditional_codes(reference["FLAG_DOCUMENT_3"], contract.astype(np.int64), edges["3"])
    for number in _ALONE:
        share = float(facts.application[f"FLAG_DOCUMENT_{number}"].visible_mass[-1])
        if f"FLAG_DOCUMENT_{number}" in reference.copula.names:
            with_third = share * _WITH_DOCUMENT_3 / max(float(np.mean(third)), 1e-9)
            without = share * (1 - _WITH_DOCUMENT_3) / max(float(np.mean(1 - third)), 1e-9)
            latent = reference[f"FLAG_DOCUMENT_{number}"]
            edges[str(number)] = fitted_edges(latent, third, _with_flag({0: without, 1: with_third}))
    return edges


def _with_flag(shares: Mapping[int, float]) -> dict[int, list[float]]:
    return {code: [1 - share, share] for code, share in shares.items()}


def make_applications(
    lender: tuple[Facts, ApplicationRules, Presence], latents: Latents, hidden: Mapping[str, Flags], draws: Draws
) -> Table:
    """Return the application columns of these clients, all but SK_ID_CURR and TARGET, by raw name."""
    facts, rules, presence = lender
    table: Table = {}
    kinds = dict(facts.columns["application"])
    for name in latents.copula.names:
        if name in kinds and not name.startswith("FLAG_DOCUMENT_"):
            marginal = facts.application[name]
            latent = presence.seen(latents, name)
            drawn = marginal.texts(latent) if kinds[name] == TEXT else marginal.draw(latent)
            table[name] = _hide(drawn, hidden.get(name), marginal.missing, draws)
    _employment(table, rules, latents)
    _family(table, rules, latents)
    _documents(table, rules, latents)
    _regions(table, facts, draws)
    _social_circle(table, facts, draws)
    draw_amounts(table, facts, rules.amounts, (latents, draws))
    add_housing(table, facts, (presence, latents), draws)
    table["FLAG_MOBIL"] = np.ones(len(latents.values))
    return table


def _hide(drawn: Floats | Coded, hidden: Flags | None, share: float, draws: Draws) -> Floats | Coded:
    size = (drawn.codes if isinstance(drawn, Coded) else drawn).shape[0]
    rare = draws.uniform(size) < share
    where = rare if hidden is None else hidden
    if isinstance(drawn, Coded):
        return drawn.hidden(where)
    return np.where(where, np.nan, drawn)


def _employment(table: Table, rules: ApplicationRules, latents: Latents) -> None:
    idle = not_employed(latents)
    employed = (~idle).astype(np.int64)
    income = conditional_codes(latents["NAME_INCOME_TYPE"], employed, rules.income_edges)
    unemployed = idle & (latents["NAME_INCOME_TYPE"] > 3.2)
    labels = (*rules.income_types, _PENSIONER, _UNEMPLOYED)
    table["NAME_INCOME_TYPE"] = Coded(
        np.where(unemployed, len(labels) - 1, np.where(idle, len(labels) - 2, income)), labels
    )
    groups = np.where(idle, -1, income)
    organization = _grouped(rules.organizations, latents["ORGANIZATION_TYPE"], groups)
    table["ORGANIZATION_TYPE"] = Coded(
        np.where(idle, len(organization.labels), organization.codes), (*organization.labels, "XNA")
    )
    table["OCCUPATION_TYPE"] = _grouped(rules.occupations, latents["OCCUPATION_TYPE"], groups)
    table["FLAG_EMP_PHONE"] = np.where(idle, 0.0, 1.0)
    birth, days = numbers(table, "DAYS_BIRTH"), numbers(table, "DAYS_EMPLOYED")
    table["DAYS_EMPLOYED"] = np.where(idle, NOT_EMPLOYED_DAYS, np.minimum(np.maximum(days, birth + 15 * 365), -1.0))
    for name in ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH"):
        table[name] = np.maximum(numbers(table, name), birth + 1)


def _grouped(by_group: Mapping[int, ConditionalShares], latent: Floats, groups: Integers) -> Coded:
    """Return texts drawn by the shares of each row's group; `__missing__` and groups without shares are missing."""
    labels = tuple(dict.fromkeys(label for part in by_group.values() for label in part.labels))
    kept = tuple(str(label) for label in labels if label != "__missing__")
    codes = np.full(latent.shape[0], -1, dtype=np.int64)
    for group, part in by_group.items():
        place = np.array([kept.index(label) if label != "__missing__" else -1 for label in part.labels], dtype=np.int64)
        rows = groups == group
        codes[rows] = place[part.codes(latent[rows], groups[rows])]
    return Coded(codes, kept)


def _family(table: Table, rules: ApplicationRules, latents: Latents) -> None:
    status = texts(table, "NAME_FAMILY_STATUS")
    children = np.zeros(status.codes.shape[0])
    for group, part in rules.children.items():
        rows = status.codes == group
        children[rows] = np.asarray(part.labels, dtype=np.float64)[
            part.codes(latents["CNT_CHILDREN"][rows], status.codes[rows])
        ]
    table["CNT_CHILDREN"] = children
    table["CNT_FAM_MEMBERS"] = children + np.where(status.equals(*_WITH_ANOTHER_ADULT), 2.0, 1.0)


def _documents(table: Table, rules: ApplicationRules, latents: Latents) -> None:
    contract = latents.flag("NAME_CONTRACT_TYPE").astype(np.int64)
    third = conditional_codes(latents["FLAG_DOCUMENT_3"], contract, rules.documents["3"])
    table["FLAG_DOCUMENT_3"] = third.astype(np.float64)
    for number in _ALONE:
        name, edges = f"FLAG_DOCUMENT_{number}", rules.documents.get(str(number))
        table[name] = (
            np.zeros(third.shape[0])
            if edges is None
            else conditional_codes(latents[name], third, edges).astype(np.float64)
        )


def _regions(table: Table, facts: Facts, draws: Draws) -> None:
    """Derive REGION_RATING_CLIENT from the rating with the city: the few that differ are one step apart.

    Who lives where he is registered works elsewhere than he lives exactly if elsewhere than he is registered.
    """
    city = numbers(table, "REGION_RATING_CLIENT_W_CITY")
    shares = facts.application["REGION_RATING_CLIENT"].visible_mass
    given = facts.relations["region_city_given_region"]
    middle_from_worst = shares[2] * given["3"]["2"] / max(float(np.mean(city == 2)), 1e-9)
    moved = draws.uniform(city.shape[0])
    table["REGION_RATING_CLIENT"] = np.where((city == 2) & (moved < middle_from_worst), 3.0, city)
    for place in ("REGION", "CITY"):
        apart = numbers(table, f"REG_{place}_NOT_LIVE_{place}") > 0
        registered = np.where(apart, numbers(table, f"REG_{place}_NOT_WORK_{place}"), 0.0)
        living = numbers(table, f"LIVE_{place}_NOT_WORK_{place}")
        table[f"REG_{place}_NOT_WORK_{place}"] = np.maximum(living, registered)


def _social_circle(table: Table, facts: Facts, draws: Draws) -> None:
    seen = np.nan_to_num(numbers(table, "OBS_30_CNT_SOCIAL_CIRCLE"))
    defaulted = np.minimum(np.nan_to_num(numbers(table, "DEF_30_CNT_SOCIAL_CIRCLE")), seen)
    size = seen.shape[0]
    missing = draws.uniform(size) < facts.application["OBS_30_CNT_SOCIAL_CIRCLE"].missing
    fewer = np.where(draws.chance(0.02, size), np.maximum(seen - 1, 0), seen)
    circle = {"OBS_30": seen, "DEF_30": defaulted, "OBS_60": fewer}
    circle["DEF_60"] = np.minimum(np.nan_to_num(numbers(table, "DEF_60_CNT_SOCIAL_CIRCLE")), defaulted)
    for name, values in circle.items():
        table[f"{name}_CNT_SOCIAL_CIRCLE"] = np.where(missing, np.nan, values)
