"""The application table: raw columns from a client's latents, and the rules that hold inside one application."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.ages import AgeRules, draw_days, fit_ages
from solvent.world.application.amounts import Amounts, draw_amounts, fit_amounts
from solvent.world.application.copula import Latents
from solvent.world.application.documents import DocumentRules, draw_documents, fit_documents
from solvent.world.application.employment import EMPLOYED_ONLY
from solvent.world.application.family import FamilyRules, draw_family, fit_family
from solvent.world.application.hidden import Presence
from solvent.world.application.housing import HousingRule, add_housing, fit_housing
from solvent.world.application.oddities import add_oddities
from solvent.world.application.regions import RegionRules, draw_regions, fit_regions
from solvent.world.application.work import WorkRules, draw_work, fit_work
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table, numbers
from solvent.world.published import TEXT, Facts


@dataclass(frozen=True)
class ApplicationRules:
    """What `build_rules` measured on a reference draw, so that shares hold after the rules were applied."""

    ages: AgeRules
    work: WorkRules
    family: FamilyRules
    documents: DocumentRules
    regions: RegionRules
    amounts: Amounts
    housing: tuple[HousingRule, ...]


def build_rules(facts: Facts, reference: Latents) -> ApplicationRules:
    """Fit the rules on a reference draw of the copula (a few 10,000 clients)."""
    return ApplicationRules(
        ages=fit_ages(reference),
        work=fit_work(facts, reference),
        family=fit_family(facts, reference),
        documents=fit_documents(facts, reference),
        regions=fit_regions(facts, reference),
        amounts=fit_amounts(facts, reference),
        housing=fit_housing(facts),
    )


def make_applications(
    lender: tuple[Facts, ApplicationRules, Presence], latents: Latents, hidden: Mapping[str, Flags], draws: Draws
) -> Table:
    """Return the application columns of these clients, all but SK_ID_CURR and TARGET, by raw name."""
    facts, rules, presence = lender
    table: Table = {}
    kinds = dict(facts.columns["application"])
    for name in latents.copula.names:
        if name in kinds and not name.startswith("FLAG_DOCUMENT_") and name not in EMPLOYED_ONLY:
            marginal = facts.application[name]
            latent = presence.seen(latents, name)
            drawn = marginal.texts(latent) if kinds[name] == TEXT else marginal.draw(latent)
            table[name] = _hide(drawn, hidden.get(name), marginal.missing, draws)
    draw_days(table, rules.ages, latents, draws)
    draw_work(table, rules.work, latents, draws)
    draw_family(table, rules.family, latents)
    draw_documents(table, rules.documents, latents, draws)
    draw_regions(table, facts, rules.regions, (latents, draws))
    _social_circle(table, facts, draws)
    draw_amounts(table, facts, rules.amounts, (latents, draws))
    add_housing(table, rules.housing, (presence, latents), draws)
    table["FLAG_MOBIL"] = np.ones(len(latents.values))
    add_oddities(table, draws)
    return table


def _hide(drawn: Floats | Coded, hidden: Flags | None, share: float, draws: Draws) -> Floats | Coded:
    size = (drawn.codes if isinstance(drawn, Coded) else drawn).shape[0]
    rare = draws.uniform(size) < share
    where = rare if hidden is None else hidden
    if isinstance(drawn, Coded):
        return drawn.hidden(where)
    return np.where(where, np.nan, drawn)


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
