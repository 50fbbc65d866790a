"""The rare oddities of the raw application table, at their rates."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Coded, Flags, Table, numbers, texts

APPLICATIONS: Final = 307_511
"""Rows of application_train; the counts below are those of value_counts over all of them."""

UNKNOWN_STATUS = 2
"""NAME_FAMILY_STATUS Unknown; CNT_FAM_MEMBERS is missing in the same two."""

INCOME_OUTLIER, INCOME_OUTLIERS = 117_000_000.0, 1
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
    table["AMT_INCOME_TOTAL"] = np.where(_rare(draws, INCOME_OUTLIERS, size), INCOME_OUTLIER, income)
    phone = numbers(table, "DAYS_LAST_PHONE_CHANGE")
    table["DAYS_LAST_PHONE_CHANGE"] = np.where(_rare(draws, _PHONE_MISSING, size), np.nan, phone)


def _rare(draws: Draws, count: int, size: int) -> Flags:
    return draws.chance(count / APPLICATIONS, size)


def _replaced(column: Coded, text: str, where: Flags) -> Coded:
    return Coded(np.where(where, len(column.labels), column.codes), (*column.labels, text))
