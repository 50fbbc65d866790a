"""What is known of applicants beside the features of the model: labels for figures by group, never an input."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.errors import TrainingError
from solvent.tables.reading import RawTables, translated_errors

Labels = npt.NDArray[np.str_]

SEGMENTS = ("contract_type", "history", "income_band", "region_rating")
PROTECTED = ("sex", "age_band")
UNKNOWN = ""
INCOME_CUTS = (112_500.0, 147_150.0, 202_500.0)
"""Quartiles of AMT_INCOME_TOTAL in the competition's 307,511 applications."""
AGE_CUTS = (25, 35, 45, 55, 65)
DAYS_PER_YEAR = 365.25
_SEXES = ("F", "M")
_COLUMNS = ("NAME_CONTRACT_TYPE", "AMT_INCOME_TOTAL", "REGION_RATING_CLIENT", "CODE_GENDER", "DAYS_BIRTH")
_QUERY = f"""
SELECT SK_ID_CURR, {", ".join(_COLUMNS)},
    SK_ID_CURR IN (SELECT SK_ID_CURR FROM bureau)
        OR SK_ID_CURR IN (SELECT SK_ID_CURR FROM previous_application) AS has_history
FROM application ORDER BY SK_ID_CURR
"""  # noqa: S608 - names of columns only


@dataclass(frozen=True)
class Applicants:
    """Labels of applicants, one array of shape (rows,) for each of `SEGMENTS` and `PROTECTED`; "" where unknown."""

    client_ids: npt.NDArray[np.int64]
    labels: Mapping[str, Labels]

    def rows(self, client_ids: npt.NDArray[np.int64]) -> "Applicants":
        """The applicants with these ids, in their order; raises TrainingError if one is missing."""
        order = np.argsort(self.client_ids)
        at = order[np.searchsorted(self.client_ids, client_ids, sorter=order).clip(max=len(order) - 1)]
        if not np.array_equal(self.client_ids[at], client_ids):
            raise TrainingError("an applicant has features but no application: read both from the same tables")
        return Applicants(client_ids, {name: labels[at] for name, labels in self.labels.items()})


def read_applicants(tables: RawTables) -> Applicants:
    """Read the applicants of a folder of raw tables; raises TablesError."""
    with translated_errors():
        columns = tables.connection.execute(_QUERY).fetchnumpy()
    plain = {name: np.ma.filled(column, _missing(column.dtype)) for name, column in columns.items()}
    return label_applicants(plain.pop("SK_ID_CURR").astype(np.int64), plain)


def label_applicants(client_ids: npt.NDArray[np.int64], columns: Mapping[str, npt.NDArray[Any]]) -> Applicants:
    """Label applicants from raw columns (None or NaN where missing) and the flag `has_history`.

    A sex other than F and M is unknown: there are too few rows to say anything of them.
    """
    ages = -columns["DAYS_BIRTH"].astype(np.float64) / DAYS_PER_YEAR
    sexes = _as_text(columns["CODE_GENDER"])
    return Applicants(
        client_ids,
        {
            "contract_type": _as_text(columns["NAME_CONTRACT_TYPE"]),
            "history": np.where(columns["has_history"].astype(bool), "with history", "thin file"),
            "income_band": _band(columns["AMT_INCOME_TOTAL"].astype(np.float64), INCOME_CUTS),
            "region_rating": _as_whole_text(columns["REGION_RATING_CLIENT"].astype(np.float64)),
            "sex": np.where(np.isin(sexes, _SEXES), sexes, UNKNOWN),
            "age_band": _band(ages, AGE_CUTS),
        },
    )


def _missing(kind: np.dtype[Any]) -> float | None:
    return np.nan if kind.kind == "f" else None if kind.kind == "O" else 0


def _as_text(values: npt.NDArray[Any]) -> Labels:
    return np.array([UNKNOWN if value is None or value != value else str(value) for value in values], dtype=np.str_)  # noqa: PLR0124


def _as_whole_text(values: npt.NDArray[np.float64]) -> Labels:
    return np.array([UNKNOWN if np.isnan(value) else f"{value:.0f}" for value in values], dtype=np.str_)


def _band(values: npt.NDArray[np.float64], cuts: tuple[float, ...]) -> Labels:
    """Label each value by the cuts around it; a value at a cut belongs to the band above."""
    between = [f"{low:,g} to {high:,g}" for low, high in pairwise(cuts)]
    names = np.array([f"below {cuts[0]:,g}", *between, f"from {cuts[-1]:,g}", UNKNOWN], dtype=np.str_)
    return names[np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="right"))]
