"""The published rules inside one application, each as the share of a world's applications that keep it."""

import re
from collections.abc import Callable, Mapping

import numpy as np

from solvent.errors import WorldError
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table, numbers, texts
from solvent.world.drawing.sentinels import NO_DATE
from solvent.world.drawing.time_spans import YEAR_DAYS
from solvent.world.fidelity.figures import Comparison, compare_share
from solvent.world.fidelity.measured import Measured

MONEY_SLACK = 1e-6
_CASH, _REVOLVING = "Cash loans", "Revolving loans"
_DOCUMENTS = tuple(f"FLAG_DOCUMENT_{number}" for number in range(2, 22))
_CIRCLE = tuple(f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for kind in ("OBS", "DEF") for days in (30, 60))
_ENQUIRIES = tuple(f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR"))

Rule = Callable[[Table], tuple[Flags, Flags | None]]
"""Flags per application: the rule holds, and the rule applies (None: to all)."""


def compare_relations(table: Table, measured: Measured) -> list[Comparison]:
    """Compare the share of each relation of `measured.json` with its share among the applications (n,) of a world.

    Raises WorldError on a published relation that is not known here.
    """
    compared = []
    real = measured.content["application"]["rows"]
    for text, share in measured.content["relations"]:
        holds, applies = _rule(text)(table)
        among = np.ones(holds.size, dtype=np.bool_) if applies is None else applies
        sample = (float(among.sum()), real * float(np.mean(among)))
        if among.any():
            compared.append(compare_share(text, float(np.mean(holds[among])), share, sample))
    return compared


def _rule(text: str) -> Rule:
    if text in _RULES:
        return _RULES[text]
    for pattern, build in _FAMILIES.items():
        found = re.fullmatch(pattern, text)
        if found:
            return build(*found.groups())
    raise WorldError(f"no rule is known for the published relation {text!r}: add it to fidelity/relations.py")


def _idle(table: Table) -> Flags:
    return np.asarray(numbers(table, "DAYS_EMPLOYED") == NO_DATE, dtype=np.bool_)


def _missing(table: Table, name: str) -> Flags:
    column = table[name]
    values = (column.codes < 0) if isinstance(column, Coded) else np.isnan(numbers(table, name))
    return np.asarray(values, dtype=np.bool_)


def _together(*names: str) -> Rule:
    def rule(table: Table) -> tuple[Flags, None]:
        absent = np.column_stack([_missing(table, name) for name in names])
        return np.all(absent == absent[:, :1], axis=1), None

    return rule


def _all_missing(*names: str) -> Rule:
    return lambda table: (np.all(np.column_stack([_missing(table, name) for name in names]), axis=1), None)


def _equal(left: Floats, right: Floats) -> Flags:
    return np.asarray(np.abs(left - right) <= MONEY_SLACK * np.maximum(np.abs(left), 1e-3))


def _contract(table: Table, name: str) -> Flags:
    return texts(table, "NAME_CONTRACT_TYPE").equals(name)


def _is_multiple(values: Floats, step: str) -> Flags:
    return np.abs(values / float(step) - np.rint(values / float(step))) * float(step) < 1e-6


def _multiple(name: str, step: str) -> Rule:
    return lambda table: (_is_multiple(numbers(table, name), step), None)


def _cash_multiple(step: str) -> Rule:
    return lambda table: (_is_multiple(numbers(table, "AMT_GOODS_PRICE"), step), _contract(table, _CASH))


def _same_housing(name: str, form: str) -> Rule:
    def rule(table: Table) -> tuple[Flags, Flags]:
        left, right = numbers(table, f"{name}_{form}"), numbers(table, f"{name}_AVG")
        return left == right, ~np.isnan(left) & ~np.isnan(right)

    return rule


def _two_adults(status: str) -> Rule:
    return lambda table: (
        numbers(table, "CNT_FAM_MEMBERS") - numbers(table, "CNT_CHILDREN") == 2,
        texts(table, "NAME_FAMILY_STATUS").equals(status),
    )


def _documents(table: Table) -> Floats:
    return np.asarray(sum(numbers(table, name) for name in _DOCUMENTS))


def _at_most(left: str, right: str) -> Rule:
    return lambda table: (numbers(table, left) <= numbers(table, right), None)


def _annuity_twentieth(table: Table) -> tuple[Flags, Flags]:
    share = numbers(table, "AMT_ANNUITY") / numbers(table, "AMT_CREDIT")
    return np.abs(share - 0.05) < 1e-4, _contract(table, _REVOLVING)


def _after_birth(table: Table) -> tuple[Flags, None]:
    birth = numbers(table, "DAYS_BIRTH")
    return (numbers(table, "DAYS_REGISTRATION") > birth) & (numbers(table, "DAYS_ID_PUBLISH") > birth), None


_FAMILIES: Mapping[str, Callable[..., Rule]] = {
    r"CNT_FAM_MEMBERS - CNT_CHILDREN is 2, given NAME_FAMILY_STATUS (.+)": _two_adults,
    r"AMT_GOODS_PRICE is a multiple of (\d+), given Cash loans": _cash_multiple,
    r"(AMT_\w+) is a multiple of (\d+)": _multiple,
    r"(\w+): _(MEDI|MODE) equals _AVG \(both present\)": _same_housing,
    r"(\w+): _AVG, _MODE and _MEDI are missing together": lambda name: _together(
        *(f"{name}_{form}" for form in ("AVG", "MODE", "MEDI"))
    ),
}

_HOUSING = (
    *("APARTMENTS", "BASEMENTAREA", "YEARS_BEGINEXPLUATATION", "YEARS_BUILD", "COMMONAREA", "ELEVATORS", "ENTRANCES"),
    *("FLOORSMAX", "FLOORSMIN", "LANDAREA", "LIVINGAPARTMENTS", "LIVINGAREA", "NONLIVINGAPARTMENTS", "NONLIVINGAREA"),
)

_RULES: Mapping[str, Rule] = {
    "DAYS_EMPLOYED is 365243 (not employed)": lambda t: (_idle(t), None),
    "NAME_INCOME_TYPE is Pensioner or Unemployed, given DAYS_EMPLOYED 365243": lambda t: (
        texts(t, "NAME_INCOME_TYPE").equals("Pensioner", "Unemployed"),
        _idle(t),
    ),
    "DAYS_EMPLOYED is 365243, given NAME_INCOME_TYPE Pensioner": lambda t: (
        _idle(t),
        texts(t, "NAME_INCOME_TYPE").equals("Pensioner"),
    ),
    "ORGANIZATION_TYPE is XNA, given DAYS_EMPLOYED 365243": lambda t: (
        texts(t, "ORGANIZATION_TYPE").equals("XNA"),
        _idle(t),
    ),
    "ORGANIZATION_TYPE is XNA, given employed": lambda t: (texts(t, "ORGANIZATION_TYPE").equals("XNA"), ~_idle(t)),
    "FLAG_EMP_PHONE is 0, given DAYS_EMPLOYED 365243": lambda t: (numbers(t, "FLAG_EMP_PHONE") == 0, _idle(t)),
    "FLAG_EMP_PHONE is 1, given employed": lambda t: (numbers(t, "FLAG_EMP_PHONE") == 1, ~_idle(t)),
    "OCCUPATION_TYPE is missing, given DAYS_EMPLOYED 365243": lambda t: (_missing(t, "OCCUPATION_TYPE"), _idle(t)),
    "OCCUPATION_TYPE is missing, given employed": lambda t: (_missing(t, "OCCUPATION_TYPE"), ~_idle(t)),
    "OWN_CAR_AGE is present, given FLAG_OWN_CAR Y": lambda t: (
        ~_missing(t, "OWN_CAR_AGE"),
        texts(t, "FLAG_OWN_CAR").equals("Y"),
    ),
    "OWN_CAR_AGE is present, given FLAG_OWN_CAR N": lambda t: (
        ~_missing(t, "OWN_CAR_AGE"),
        texts(t, "FLAG_OWN_CAR").equals("N"),
    ),
    "REGION_RATING_CLIENT equals REGION_RATING_CLIENT_W_CITY": lambda t: (
        numbers(t, "REGION_RATING_CLIENT") == numbers(t, "REGION_RATING_CLIENT_W_CITY"),
        None,
    ),
    "AMT_CREDIT equals AMT_GOODS_PRICE": lambda t: (
        _equal(numbers(t, "AMT_CREDIT"), numbers(t, "AMT_GOODS_PRICE")),
        None,
    ),
    "AMT_CREDIT is below AMT_GOODS_PRICE": lambda t: (numbers(t, "AMT_CREDIT") < numbers(t, "AMT_GOODS_PRICE"), None),
    "all 14 housing *_AVG columns are missing": _all_missing(*(f"{name}_AVG" for name in _HOUSING)),
    "the six AMT_REQ_CREDIT_BUREAU_* are missing together": _together(*_ENQUIRIES),
    "FLAG_DOCUMENT_3 is the only document given": lambda t: (
        (numbers(t, "FLAG_DOCUMENT_3") == 1) & (_documents(t) == 1),
        None,
    ),
    "no document is given": lambda t: (_documents(t) == 0, None),
    "AMT_GOODS_PRICE equals AMT_CREDIT, given Revolving loans": lambda t: (
        _equal(numbers(t, "AMT_CREDIT"), numbers(t, "AMT_GOODS_PRICE")),
        _contract(t, _REVOLVING),
    ),
    "AMT_ANNUITY / AMT_CREDIT is 0.05, given Revolving loans": _annuity_twentieth,
    "the social circle columns are missing together": _together(*_CIRCLE),
    "DEF_30 <= OBS_30 social circle": _at_most("DEF_30_CNT_SOCIAL_CIRCLE", "OBS_30_CNT_SOCIAL_CIRCLE"),
    "OBS_60 <= OBS_30": _at_most("OBS_60_CNT_SOCIAL_CIRCLE", "OBS_30_CNT_SOCIAL_CIRCLE"),
    "DAYS_EMPLOYED (employed) is later than DAYS_BIRTH + 14 years": lambda t: (
        numbers(t, "DAYS_EMPLOYED") > numbers(t, "DAYS_BIRTH") + 14 * YEAR_DAYS,
        ~_idle(t),
    ),
    "DAYS_REGISTRATION and DAYS_ID_PUBLISH are later than DAYS_BIRTH": _after_birth,
}
