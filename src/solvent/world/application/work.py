"""Income type, occupation, organization and places of work of an application, and the phone at work."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.copula import Latents
from solvent.world.application.employment import EMPLOYED, OCCUPATION_MISSING
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.grouped import Grouped, fit_grouped, raked_shares
from solvent.world.drawing.marginals import Coded, Flags, Floats, Integers, Table, numbers
from solvent.world.published import Facts

PENSIONER, UNEMPLOYED, NO_ORGANIZATION = "Pensioner", "Unemployed", "XNA"
UNEMPLOYED_SHARE = 22 / (22 + 55_362)
"""Of those who are not employed: counts of NAME_INCOME_TYPE in the full application_train."""

_ASSUMED_LIFTS = {"Medicine staff": {"medicine": 6.0}}
"""How much oftener than others an occupation too rare to be measured works in a class of organizations (assumption)."""

_PLACES = ("REGION", "CITY")


@dataclass(frozen=True)
class Place:
    """Whether the work place differs from the registered one by whether the home does, and from the home by both."""

    registered: Grouped
    living: Grouped


@dataclass(frozen=True)
class WorkRules:
    """Education by being employed, income types by education and sex, occupations by income type and sex.

    Organizations go by income type and occupation.
    """

    education: Grouped
    income: Grouped
    occupation: Grouped
    organization: Grouped
    phone: Grouped
    places: Mapping[str, Place]


def fit_work(facts: Facts, reference: Latents) -> WorkRules:
    """Fit the rules on the employed of a reference draw."""
    works = reference.flag(EMPLOYED)
    man = reference.is_man[works].astype(np.int64)
    types_of = reference.copula.marginal("NAME_INCOME_TYPE").values
    latent = {name: reference[name][works] for name in ("NAME_INCOME_TYPE", "OCCUPATION_TYPE", "ORGANIZATION_TYPE")}
    education = _fit_education(facts, reference)
    level = education.codes(reference["NAME_EDUCATION_TYPE"][works], np.ones_like(man))
    income = _fit_income(facts, latent["NAME_INCOME_TYPE"], (level, man), education.labels)
    types = income.codes(latent["NAME_INCOME_TYPE"], level * 2 + man)
    occupation = _fit_occupation(facts, latent["OCCUPATION_TYPE"], (types, man), types_of)
    jobs = occupation.codes(latent["OCCUPATION_TYPE"], types * 2 + man) + 1
    jobs[reference.flag(OCCUPATION_MISSING)[works]] = 0
    phone = reference.copula.marginal("FLAG_WORK_PHONE").visible_mass[None, :]
    everyone = np.zeros(man.size, dtype=np.int64)
    return WorkRules(
        education=education,
        income=income,
        occupation=occupation,
        organization=_fit_organization(facts, latent["ORGANIZATION_TYPE"], (types, jobs), types_of),
        phone=fit_grouped((0, 1), phone, reference["FLAG_WORK_PHONE"][works], everyone),
        places={place: _fit_place(facts, reference, place) for place in _PLACES},
    )


def _fit_education(facts: Facts, reference: Latents) -> Grouped:
    """Fit education by being employed (0 or 1): published are the income types of each education."""
    marginal = facts.application["NAME_EDUCATION_TYPE"]
    idle = [
        _given(facts, "income_type_given_education", label, (PENSIONER, UNEMPLOYED)).sum() for label in marginal.values
    ]
    seed = np.stack([np.array(idle), 1 - np.array(idle)]) * marginal.visible_mass
    works = reference.flag(EMPLOYED).astype(np.int64)
    shares = raked_shares(seed, works, marginal.visible_mass)
    return fit_grouped(marginal.values, shares, reference["NAME_EDUCATION_TYPE"], works)


def _fit_income(facts: Facts, latent: Floats, groups: tuple[Integers, Integers], levels: tuple[str, ...]) -> Grouped:
    level, man = groups
    labels = facts.application["NAME_INCOME_TYPE"].values
    labels = tuple(label for label in labels if label not in {PENSIONER, UNEMPLOYED})
    weights = _by_sex(facts.sample["income_type_women"], labels)
    shares = []
    for code, name in enumerate(levels):
        margin = _given(facts, "income_type_given_education", name, labels)
        shares.append(raked_shares(margin * weights, man[level == code], margin))
    return fit_grouped(labels, np.concatenate(shares), latent, level * 2 + man)


def _by_sex(women: Mapping[str, float], labels: tuple[str, ...]) -> Floats:
    """Return weights (2, c) of the labels among women and men; a label that is not listed has none."""
    share = np.array([women.get(label, np.nan) for label in labels])
    share = np.where(np.isnan(share), np.nanmean(share), share)
    return np.stack([share, 1 - share])


def _given(facts: Facts, relation: str, group: str, labels: tuple[str, ...]) -> Floats:
    known = facts.relations[relation][group]
    listed = dict(zip(known["values"], known["shares"], strict=True))
    return np.array([listed.get(label, 0.0) for label in labels])


def _fit_occupation(facts: Facts, latent: Floats, groups: tuple[Integers, Integers], types: tuple[str, ...]) -> Grouped:
    of_type, man = groups
    labels = facts.application["OCCUPATION_TYPE"].values
    weights = _by_sex(facts.sample["occupation_women"], labels)
    shares = []
    for code, name in enumerate(types):
        margin = _given(facts, "occupation_given_income_type", name, labels)
        shares.append(raked_shares(margin * weights, man[of_type == code], margin))
    return fit_grouped(labels, np.concatenate(shares), latent, of_type * 2 + man)


def _fit_organization(
    facts: Facts, latent: Floats, groups: tuple[Integers, Integers], types: tuple[str, ...]
) -> Grouped:
    of_type, jobs = groups
    labels = tuple(label for label in facts.application["ORGANIZATION_TYPE"].values if label != NO_ORGANIZATION)
    occupations = facts.application["OCCUPATION_TYPE"].values
    lifts = np.ones((len(occupations) + 1, len(labels)))
    for occupation, listed in ({**facts.sample["organization_lift"], **_ASSUMED_LIFTS}).items():
        for kind, lift in listed.items():
            members = np.isin(labels, facts.sample["organization_classes"][kind])
            lifts[occupations.index(occupation) + 1, members] = lift
    shares = []
    for code, name in enumerate(types):
        margin = _given(facts, "organization_given_income_type", name, labels)
        shares.append(raked_shares(margin * lifts, jobs[of_type == code], margin))
    return fit_grouped(labels, np.concatenate(shares), latent, of_type * (len(occupations) + 1) + jobs)


def _fit_place(facts: Facts, reference: Latents, place: str) -> Place:
    """Fit the patterns of the three flags of a place from the published shares and correlations of their pairs.

    Who lives where registered works elsewhere than at home exactly if elsewhere than registered.
    """
    moved, registered, living = _place_names(place)
    share = {name: float(facts.application[name].visible_mass[1]) for name in (moved, registered, living)}
    both, twice = facts.joint_share(moved, registered), facts.joint_share(registered, living)
    works = reference.flag(EMPLOYED)
    apart = reference.flag(moved)[works]
    apart_share = float(apart.mean() * works.mean())
    apart_all = max(both - (share[registered] - twice), 0.0)
    given = [(share[registered] - both) / (works.mean() - apart_share), both / apart_share]
    groups = apart.astype(np.int64)
    first = fit_grouped((0, 1), _flag_shares(given), reference[registered][works], groups)
    pairs = groups * 2 + first.codes(reference[registered][works], groups)
    given = [0.0, 1.0, (share[living] - twice) / max(apart_share - both, 1e-9), apart_all / both]
    return Place(first, fit_grouped((0, 1), _flag_shares(given), reference[living][works], pairs))


def _place_names(place: str) -> tuple[str, str, str]:
    return f"REG_{place}_NOT_LIVE_{place}", f"REG_{place}_NOT_WORK_{place}", f"LIVE_{place}_NOT_WORK_{place}"


def _flag_shares(given: list[float]) -> Floats:
    share = np.clip(np.array(given), 0.0, 1.0)
    return np.column_stack([1 - share, share])


def draw_work(table: Table, rules: WorkRules, latents: Latents, draws: Draws) -> None:
    """Set the columns of work of the applications in `table`; those who are not employed have none."""
    works = latents.flag(EMPLOYED)
    man = latents.is_man.astype(np.int64)
    education = rules.education.texts(latents["NAME_EDUCATION_TYPE"], works.astype(np.int64))
    table["NAME_EDUCATION_TYPE"] = education
    types = rules.income.codes(latents["NAME_INCOME_TYPE"], education.codes * 2 + man)
    occupation = rules.occupation.texts(latents["OCCUPATION_TYPE"], types * 2 + man)
    occupation = occupation.hidden(~works | latents.flag(OCCUPATION_MISSING))
    groups = types * (len(occupation.labels) + 1) + occupation.codes + 1
    organization = rules.organization.texts(latents["ORGANIZATION_TYPE"], groups)
    labels = (*(str(label) for label in rules.income.labels), PENSIONER, UNEMPLOYED)
    idle = np.where(draws.chance(UNEMPLOYED_SHARE, man.size), len(labels) - 1, len(labels) - 2)
    table["NAME_INCOME_TYPE"] = Coded(np.where(works, types, idle), labels)
    table["OCCUPATION_TYPE"] = occupation
    table["ORGANIZATION_TYPE"] = Coded(
        np.where(works, organization.codes, len(organization.labels)), (*organization.labels, NO_ORGANIZATION)
    )
    table[EMPLOYED] = works.astype(np.float64)
    everyone = np.zeros(man.size, dtype=np.int64)
    table["FLAG_WORK_PHONE"] = works * rules.phone.numbers(latents["FLAG_WORK_PHONE"], everyone)
    for place, rule in rules.places.items():
        _draw_place(table, place, rule, (latents, works))


def _draw_place(table: Table, place: str, rule: Place, drawn: tuple[Latents, Flags]) -> None:
    latents, works = drawn
    moved, registered, living = _place_names(place)
    apart = (numbers(table, moved) > 0).astype(np.int64)
    first = rule.registered.codes(latents[registered], apart)
    second = rule.living.codes(latents[living], apart * 2 + first)
    table[registered], table[living] = (works * first).astype(np.float64), (works * second).astype(np.float64)
