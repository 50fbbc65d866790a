"""Measures src/solvent/world/facts/sample_shares.json on a folder with real applications: shares and factors only.

    python tools/measure_sample.py REAL OUT

REAL holds application_train.csv, of which the first 1,000 rows are used (the rest are chosen by outcome), and
application_test.csv. OUT is the file to write. Behind every figure stand at least 25 applications that show what it
tells of, or 25 that would show it if it were as frequent there as among all: a group with fewer is joined with its
neighbour or left out, so that the reader keeps the overall share. Shares are rounded to hundredths, lifts to tenths.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvent.world.drawing.time_spans import YEAR_DAYS

TRAIN_ROWS = 1000
FEWEST = 25
AGES = (27, 33, 38, 45, 52, 60)
POPULATION = (0, 0.008, 0.0104, 0.0145, 0.0173, 0.0184, 0.02, 0.0217, 0.0295, 0.033, 0.04, 0.08)
"""Bounds of runs of regions with mostly one rating."""

STATUSES = ("Widow", "Married", "Separated", "Single / not married", "Civil marriage")
HOMES = (
    *("House / apartment", "With parents", "Municipal apartment", "Rented apartment", "Office apartment"),
    "Co-op apartment",
)
COMPANIES = (*("Unaccompanied", "Family", "Spouse, partner", "Children", "Other_B", "Other_A", "Group of people"),)
INCOME_TYPES = ("State servant", "Commercial associate", "Working")
CHILDREN = {"0": (0,), "1": (1,), "2 or more": range(2, 20)}
ALIKE_STATUSES = (("Widow", "Separated"), *((status,) for status in STATUSES if status not in {"Widow", "Separated"}))
ALIKE_JOBS = (
    *(("Laborers",), ("Sales staff",), ("Core staff",), ("Drivers",), ("Managers",), ("High skill tech staff",)),
    ("Accountants", "Medicine staff", "Cooking staff", "Cleaning staff", "Secretaries"),
)
"""Those with too few of one sex are measured together with others of a like share of women."""

CLASSES = {
    "building": ("Construction", "Electricity", "Housing"),
    "business": ("Business Entity",),
    "education": ("Kindergarten", "School", "University"),
    "finance": ("Bank", "Insurance"),
    "food": ("Hotel", "Restaurant"),
    "guards": ("Emergency", "Military", "Police", "Security"),
    "industry": ("Industry",),
    "medicine": ("Medicine",),
    "self-employed": ("Self-employed",),
    "state": ("Government", "Postal"),
    "trade": ("Trade",),
    "transport": ("Transport",),
}
"""Classes of organizations by the start of their name; all others are `other`."""

Texts = NDArray[np.str_]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Applications:
    """Columns of the real applications: texts are empty where missing, numbers NaN."""

    def __init__(self, folder: Path) -> None:
        rows: list[dict[str, str]] = []
        for name, limit in (("application_train", TRAIN_ROWS), ("application_test", None)):
            with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                rows.extend(islice(csv.DictReader(file), limit))
        self.rows = rows

    def texts(self, name: str) -> Texts:
        """Return a column as texts."""
        return np.array([row[name] for row in self.rows])

    def numbers(self, name: str) -> Floats:
        """Return a column as numbers."""
        return np.array([float(row[name]) if row[name] else np.nan for row in self.rows])


def is_enough(observed: float, expected: float) -> bool:
    """Whether a figure about a cell with so many applications, observed and expected, may be kept."""
    return max(observed, expected) >= FEWEST


def share_by_group(shown: Flags, groups: NDArray[np.int64], count: int) -> list[float] | None:
    """Return the share of `shown` in each group; neighbours with too few are one. None if all have too few."""
    observed, expected = (
        np.bincount(groups, weights=weights, minlength=count)
        for weights in (shown.astype(np.float64), np.full(shown.size, shown.mean()))
    )
    starts, start = [], 0
    for end in range(1, count + 1):
        if is_enough(observed[start:end].sum(), expected[start:end].sum()):
            starts.append(start)
            start = end
    if not starts:
        return None
    run = np.searchsorted(starts, np.arange(count), side="right") - 1
    sizes = np.bincount(groups, minlength=count)
    shares = np.bincount(run, weights=observed) / np.bincount(run, weights=sizes)
    return [round(float(share), 2) for share in shares[run]]


def shares_by_group(
    values: NDArray[Any], wanted: Mapping[str, Sequence[Any]], groups: NDArray[np.int64], count: int
) -> dict[str, list[float]]:
    """Return, for each name in `wanted` with enough applications, the share of its values by group."""
    found = {name: share_by_group(np.isin(values, listed), groups, count) for name, listed in wanted.items()}
    return {name: shares for name, shares in found.items() if shares is not None}


def share_of_women(woman: Flags, values: Texts, alike: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the share of women per value; values that are alike have one, and none if one sex has too few."""
    found: dict[str, float] = {}
    for names in alike:
        rows = np.isin(values, names)
        share, whole = woman[rows].mean(), woman[values != ""].mean()
        sexes = ((share, whole), (1 - share, 1 - whole))
        if all(is_enough(rows.sum() * here, rows.sum() * among_all) for here, among_all in sexes):
            found |= dict.fromkeys(names, round(float(share), 2))
    return found


def measure_family(real: Applications) -> dict[str, Any]:
    """Measure family status, children, home and company by age, sex and partner."""
    band = np.digitize(-real.numbers("DAYS_BIRTH") / YEAR_DAYS, AGES).astype(np.int64)
    status, woman = real.texts("NAME_FAMILY_STATUS"), real.texts("CODE_GENDER") == "F"
    partner = np.isin(status, ("Married", "Civil marriage")).astype(np.int64)
    bands = len(AGES) + 1
    statuses, homes, companies = ({name: (name,) for name in names} for names in (STATUSES, HOMES, COMPANIES))
    return {
        "age_years": AGES,
        "family_status": {
            "by_age": shares_by_group(status, statuses, band, bands),
            "women": share_of_women(woman, status, ALIKE_STATUSES),
        },
        "children": {"by_age": shares_by_group(real.numbers("CNT_CHILDREN"), CHILDREN, band, bands)},
        "housing_type": {"by_age": shares_by_group(real.texts("NAME_HOUSING_TYPE"), homes, band, bands)},
        "suite": {
            "alone_and_with_partner": shares_by_group(real.texts("NAME_TYPE_SUITE"), companies, partner, 2),
        },
    }


def class_of(organization: str) -> str:
    """Return the class of an organization."""
    found = (name for name, starts in CLASSES.items() if organization.startswith(starts))
    return next(found, "other")


def measure_work(real: Applications, organizations: Sequence[str]) -> dict[str, Any]:
    """Measure who has which occupation, and how occupations and organizations go together."""
    works = real.numbers("DAYS_EMPLOYED") < 0
    woman, occupation = real.texts("CODE_GENDER") == "F", real.texts("OCCUPATION_TYPE")
    income = real.texts("NAME_INCOME_TYPE")
    kind = np.array([class_of(name) for name in real.texts("ORGANIZATION_TYPE")])
    names = sorted({*CLASSES, "other"})
    listed = works & (occupation != "")
    lifts = {job: _lifts(kind[listed & (occupation == job)], kind[listed], names) for job in sorted(set(occupation))}
    return {
        "occupation_women": share_of_women(woman[listed], occupation[listed], ALIKE_JOBS),
        "organization_classes": {name: [o for o in organizations if class_of(o) == name] for name in names},
        "organization_lift": {str(job): found for job, found in lifts.items() if found},
        "income_type_women": share_of_women(woman, income, [(name,) for name in INCOME_TYPES]),
    }


def _lifts(part: Texts, whole: Texts, names: Sequence[str]) -> dict[str, float]:
    found = {}
    for name in names:
        observed, expected = float(np.sum(part == name)), float(np.mean(whole == name)) * part.size
        if is_enough(observed, expected):
            found[name] = round((observed + 2) / (expected + 2), 1)
    return found


def measure_regions(real: Applications) -> dict[str, Any]:
    """Measure the shares of the ratings by interval of the population of the region, among those shown often enough."""
    interval = np.digitize(real.numbers("REGION_POPULATION_RELATIVE"), POPULATION[1:-1])
    rating = real.numbers("REGION_RATING_CLIENT")
    found = []
    for at in range(len(POPULATION) - 1):
        counted = np.array([np.sum(rating[interval == at] == value) for value in (1, 2, 3)])
        kept = np.where(counted >= FEWEST, counted, 0)
        found.append([round(float(share), 2) for share in kept / kept.sum()])
    return {"region_rating": {"population": POPULATION, "shares": found}}


def measure_housing(real: Applications) -> dict[str, Any]:
    """Measure the factor from AVG to MODE and MEDI, and how often it does not hold to the fourth decimal.

    A column without enough rows has no factor; columns in which too few rows differ have their share in common.
    """
    columns = [name.removesuffix("_AVG") for name in real.rows[0] if name.endswith("_AVG")]
    found: dict[str, dict[str, float | None]] = {name: {} for name in columns}
    for kind in ("MODE", "MEDI"):
        differing, shown = np.empty(len(columns)), np.empty(len(columns))
        for at, name in enumerate(columns):
            average, other = real.numbers(f"{name}_AVG"), real.numbers(f"{name}_{kind}")
            factor, expected, rows = _follow(name, average, other)
            there = ~np.isnan(average)
            differing[at] = np.sum(np.abs(other - expected)[there] > 1.01e-4 + 0.0006 * expected[there])
            shown[at] = there.sum()
            found[name][kind.lower()] = round(factor, 4) if rows >= FEWEST else None
        thin = np.maximum(differing, shown * differing.sum() / shown.sum()) < FEWEST
        shares = np.where(thin, differing[thin].sum() / max(shown[thin].sum(), 1), differing / shown)
        for name, share in zip(columns, shares, strict=True):
            found[name][f"{kind.lower()}_differs"] = round(float(share), 2)
    return {"housing": found}


def _follow(name: str, average: Floats, other: Floats) -> tuple[float, Floats, int]:
    if name == "YEARS_BUILD":
        young = average < 0.95
        factor = float(np.nanmedian((1 - other[young]) / (1 - average[young])))
        return factor, 1 - (1 - average) * factor, int(young.sum())
    large = average > 0.05
    factor = float(np.nanmedian(other[large] / average[large]))
    return factor, average * factor, int(large.sum())


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    real = Applications(arguments.real)
    marginals = json.loads(arguments.out.with_name("marginals.json").read_text(encoding="utf-8"))
    organizations = sorted(o for o in marginals["application"]["ORGANIZATION_TYPE"]["values"] if o != "XNA")
    measured = measure_housing(real) | measure_family(real)
    measured |= measure_work(real, organizations) | measure_regions(real)
    arguments.out.write_text(json.dumps(measured, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
