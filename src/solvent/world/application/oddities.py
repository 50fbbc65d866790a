"""The rare oddities of the raw application table, about as often as in the public table (assumptions)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Floats, Table, numbers, texts

APPLICATIONS: Final = 307_511
"""Rows of application_train (full_rows in `histories.json`); the counts below are of so many (assumptions)."""

UNKNOWN_STATUS = 2
"""NAME_FAMILY_STATUS Unknown; CNT_FAM_MEMBERS is missing in the same two."""

INCOME_OUTLIERS, INCOME_OUTLIER_RANGE = 1, (100_000_000.0, 150_000_000.0)
"""Incomes with digits too many, and the range of whole millions that they are drawn from (assumption)."""

_MILLION = 1_000_000.0
_PHONE_MISSING = 1


@dataclass(frozen=True)
class _RareText:
    column: str
    text: str
    count: int


_TEXTS = (
    _RareText("CODE_GENDER", "XNA", 4),
    _RareText("NAME_FAMILY_STATUS", "Unknown", UNKNOWN_STATUS),
    _RareText("NAME_INCOME_TYPE", "Student", 18),
    _RareText("NAME_INCOME_TYPE", "Maternity leave", 5),
)
_DOCUMENTS = {"FLAG_DOCUMENT_2": 13, "FLAG_DOCUMENT_10": 7, "FLAG_DOCUMENT_12": 2}


def add_oddities(table: Table, draws: Draws) -> None:
    """Change single values of the applications (n,) in `table`, each kind of oddity with its own probability."""
    size = numbers(table, "AMT_INCOME_TOTAL").shape[0]
    works = numbers(table, "FLAG_EMP_PHONE") > 0
    for rare in _TEXTS:
        where = _rare(draws, rare.count, size)
        if rare.column == "NAME_INCOME_TYPE":
            where &= works
        table[rare.column] = _replaced(texts(table, rare.column), rare.text, where)
        if rare.text == "Unknown":
            table["CNT_FAM_MEMBERS"] = np.where(where, np.nan, numbers(table, "CNT_FAM_MEMBERS"))
    for name, count in _DOCUMENTS.items():
        table[name] = np.maximum(numbers(table, name), _rare(draws, count, size))
    income = numbers(table, "AMT_INCOME_TOTAL")
    where = _rare(draws, INCOME_OUTLIERS, size)
    table["AMT_INCOME_TOTAL"] = np.where(where, _outliers(draws, size), income)
    phone = numbers(table, "DAYS_LAST_PHONE_CHANGE")
    table["DAYS_LAST_PHONE_CHANGE"] = np.where(_rare(draws, _PHONE_MISSING, size), np.nan, phone)


def _rare(draws: Draws, count: int, size: int) -> Flags:
    return draws.chance(count / APPLICATIONS, size)


def _outliers(draws: Draws, size: int) -> Floats:
    lowest, highest = INCOME_OUTLIER_RANGE
    return np.rint((lowest + (highest - lowest) * draws.uniform(size)) / _MILLION) * _MILLION


def _replaced(column: Coded, text: str, where: Flags) -> Coded:
    return Coded(np.where(where, len(column.labels), column.codes), (*column.labels, text))
