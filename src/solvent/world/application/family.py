"""Family status, children, home and company of an application, by age and sex."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.drawing.grouped import Grouped, fit_grouped, raked_shares
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table, texts
from solvent.world.published import Facts

WITH_PARTNER = ("Married", "Civil marriage")
_CHILDREN = (0, 1, 2, 3, 4, 5, 7)
_LEAST_SHARE = 0.005
"""Published shares are rounded to hundredths: one below half of that counts as half."""

_SPOUSE, _SPOUSE_OF_OTHERS = "Spouse, partner", 0.1
"""How much seldomer those without a partner come with one than the others (assumption)."""


@dataclass(frozen=True)
class FamilyRules:
    """Status by age and sex, children by status and age, home by age, company by having a partner."""

    bands: Floats
    status: Grouped
    children: Grouped
    home: Grouped
    company: Grouped

    def band(self, age: Floats) -> Integers:
        """Return the age band of each client, int64 (n,)."""
        return np.searchsorted(self.bands, age).astype(np.int64)


def fit_family(facts: Facts, reference: Latents) -> FamilyRules:
    """Fit the rules on a reference draw; shares by age and sex are those of 1,200 real applications."""
    sample = facts.sample
    bands = np.asarray(sample["age_years"], dtype=np.float64)
    band = np.searchsorted(bands, reference.birth[1]).astype(np.int64)
    status = _fit_status(facts, reference, band)
    statuses = status.codes(reference["NAME_FAMILY_STATUS"], band * 2 + reference.is_man)
    partner = np.isin(np.asarray(status.labels)[statuses], WITH_PARTNER).astype(np.int64)
    by_age = _seed(sample["housing_type"]["by_age"], facts.application["NAME_HOUSING_TYPE"].values)
    companies = facts.application["NAME_TYPE_SUITE"].values
    by_partner = _seed(sample["suite"]["alone_and_with_partner"], companies)
    by_partner[0, companies.index(_SPOUSE)] *= _SPOUSE_OF_OTHERS
    return FamilyRules(
        bands=bands,
        status=status,
        children=_fit_children(facts, reference["CNT_CHILDREN"], (statuses, band), status.labels),
        home=_fit(facts, "NAME_HOUSING_TYPE", by_age, (reference["NAME_HOUSING_TYPE"], band)),
        company=_fit(facts, "NAME_TYPE_SUITE", by_partner, (reference["NAME_TYPE_SUITE"], partner)),
    )


def _seed(by_group: Mapping[str, list[float]], labels: tuple[str, ...]) -> Floats:
    """Return what raking starts from (g, c): a label without shares is as frequent in one group as in another."""
    groups = len(next(iter(by_group.values())))
    return np.column_stack([np.maximum(by_group.get(label, [1.0] * groups), _LEAST_SHARE) for label in labels])


def _fit(facts: Facts, name: str, seed: Floats, reference: tuple[Floats, Integers]) -> Grouped:
    marginal = facts.application[name]
    latent, groups = reference
    return fit_grouped(marginal.values, raked_shares(seed, groups, marginal.visible_mass), latent, groups)


def _fit_status(facts: Facts, reference: Latents, band: Integers) -> Grouped:
    marginal = facts.application["NAME_FAMILY_STATUS"]
    entry = facts.sample["family_status"]
    by_age = _seed(entry["by_age"], marginal.values)
    women = np.array([entry["women"][label] for label in marginal.values])
    seed = (by_age[:, None, :] * np.stack([women, 1 - women])[None, :, :]).reshape(-1, women.size)
    return _fit(facts, "NAME_FAMILY_STATUS", seed, (reference["NAME_FAMILY_STATUS"], band * 2 + reference.is_man))


def _fit_children(facts: Facts, latent: Floats, groups: tuple[Integers, Integers], labels: tuple[str, ...]) -> Grouped:
    statuses, band = groups
    listed_by_age = facts.sample["children"]["by_age"]
    by_age = _seed(listed_by_age, tuple(listed_by_age))
    lift = by_age / by_age.mean(axis=0)
    lift = np.column_stack([lift, *(lift[:, -1:] for _ in _CHILDREN[lift.shape[1] :])])
    shares = []
    for code, label in enumerate(labels):
        known = facts.relations["children_given_family_status"][label]
        listed = dict(zip(known["values"], known["shares"], strict=True))
        margin = np.array([listed.get(count, 0.0) for count in _CHILDREN])
        shares.append(raked_shares(margin * lift + 1e-9, band[statuses == code], margin))
    return fit_grouped(_CHILDREN, np.concatenate(shares), latent, statuses * by_age.shape[0] + band)


def draw_family(table: Table, rules: FamilyRules, latents: Latents) -> None:
    """Set status, children, family members, home and company of the applications in `table`."""
    band = rules.band(latents.birth[1])
    status = rules.status.texts(latents["NAME_FAMILY_STATUS"], band * 2 + latents.is_man)
    children = rules.children.numbers(latents["CNT_CHILDREN"], status.codes * (rules.bands.size + 1) + band)
    partner = status.equals(*WITH_PARTNER)
    table["NAME_FAMILY_STATUS"] = status
    table["CNT_CHILDREN"] = children
    table["CNT_FAM_MEMBERS"] = children + np.where(partner, 2.0, 1.0)
    table["NAME_HOUSING_TYPE"] = rules.home.texts(latents["NAME_HOUSING_TYPE"], band)
    company = rules.company.texts(latents["NAME_TYPE_SUITE"], partner.astype(np.int64))
    table["NAME_TYPE_SUITE"] = company.hidden(_hidden(texts(table, "NAME_TYPE_SUITE")))


def _hidden(column: Coded) -> Flags:
    return np.asarray(column.codes < 0, dtype=np.bool_)
