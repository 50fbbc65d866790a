"""Measures src/solvent/world/facts/sample_shares.json on a folder with real applications: shares and factors only.

    python tools/measure_sample.py REAL OUT

REAL holds application_train.csv, of which the first 1,000 rows are used (the rest are chosen by outcome), and
application_test.csv. A share is kept if at least 25 applications stand behind it; OUT is the file to write.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAIN_ROWS = 1000
FEWEST_ROWS, FEWEST_FOR_LIFTS = 25, 30
AGES = (27, 33, 38, 45, 52, 60)
POPULATION = (0, 0.0043, 0.008, 0.0104, 0.0145, 0.0173, 0.0184, 0.02, 0.0217, 0.0295, 0.033, 0.04, 0.08)
"""Bounds of runs of regions with mostly one rating, each of at least 40 applications."""

STATUSES = ("Widow", "Married", "Separated", "Single / not married", "Civil marriage")
HOMES = (
    *("House / apartment", "With parents", "Municipal apartment", "Rented apartment", "Office apartment"),
    "Co-op apartment",
)
COMPANIES = (*("Unaccompanied", "Family", "Spouse, partner", "Children", "Other_B", "Other_A", "Group of people"),)
INCOME_TYPES = ("State servant", "Commercial associate", "Working")
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


def shares(values: NDArray[Any], wanted: Sequence[Any], groups: NDArray[np.int64], count: int) -> list[list[float]]:
    """Return the shares of `wanted` per group, drawn towards those of all by the weight of three applications."""
    whole = np.array([np.sum(values == value) + 0.5 for value in wanted])
    whole /= whole.sum()
    counted = np.array([[np.sum(values[groups == at] == value) for value in wanted] for at in range(count)])
    drawn = (counted + 3 * whole) / (counted.sum(axis=1, keepdims=True) + 3)
    return [[round(float(share), 3) for share in row] for row in drawn]


def measure_family(real: Applications) -> dict[str, Any]:
    """Measure family status, children, home and company by age, sex and partner."""
    band = np.digitize(-real.numbers("DAYS_BIRTH") / 365.25, AGES).astype(np.int64)
    status, woman = real.texts("NAME_FAMILY_STATUS"), real.texts("CODE_GENDER") == "F"
    partner = np.isin(status, ("Married", "Civil marriage")).astype(np.int64)
    children, bands = np.minimum(real.numbers("CNT_CHILDREN"), 3), len(AGES) + 1
    return {
        "age_years": AGES,
        "family_status": {
            "values": STATUSES,
            "by_age": shares(status, STATUSES, band, bands),
            "women": [round(float(woman[status == value].mean()), 2) for value in STATUSES],
        },
        "children": {"values": (0, 1, 2, 3), "by_age": shares(children, (0, 1, 2, 3), band, bands)},
        "housing_type": {"values": HOMES, "by_age": shares(real.texts("NAME_HOUSING_TYPE"), HOMES, band, bands)},
        "suite": {
            "values": COMPANIES,
            "alone_and_with_partner": shares(real.texts("NAME_TYPE_SUITE"), COMPANIES, partner, 2),
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
    women, lifts = {}, {}
    for job in sorted(set(occupation[listed])):
        rows = listed & (occupation == job)
        if rows.sum() >= FEWEST_ROWS:
            women[str(job)] = round(float((woman[rows].sum() + 4 * 0.6) / (rows.sum() + 4)), 2)
        if rows.sum() >= FEWEST_FOR_LIFTS:
            lifts[str(job)] = [_lift(kind[rows], kind[listed], name) for name in names]
    return {
        "occupation_women": women,
        "organization_classes": {name: [o for o in organizations if class_of(o) == name] for name in names},
        "organization_lift": {"classes": names, "by_occupation": lifts},
        "income_type_women": {name: round(float(woman[income == name].mean()), 2) for name in INCOME_TYPES},
    }


def _lift(part: Texts, whole: Texts, name: str) -> float:
    expected = float(np.mean(whole == name)) * part.size
    return round((float(np.sum(part == name)) + 2) / (expected + 2), 2)


def measure_regions(real: Applications) -> dict[str, Any]:
    """Measure the shares of the ratings by interval of the population of the region."""
    interval = np.digitize(real.numbers("REGION_POPULATION_RELATIVE"), POPULATION[1:-1])
    rating = real.numbers("REGION_RATING_CLIENT")
    rows = [rating[interval == at] for at in range(len(POPULATION) - 1)]
    found = [[round(float(np.mean(part == value)), 2) for value in (1, 2, 3)] for part in rows]
    return {"region_rating": {"population": POPULATION, "shares": found, "rows": [part.size for part in rows]}}


def measure_housing(real: Applications) -> dict[str, Any]:
    """Measure the factor from AVG to MODE and MEDI, and how often it does not hold to the fourth decimal."""
    found: dict[str, dict[str, float]] = {}
    for column in (name for name in real.rows[0] if name.endswith("_AVG")):
        name, average = column.removesuffix("_AVG"), real.numbers(column)
        found[name] = {}
        for kind in ("MODE", "MEDI"):
            other = real.numbers(f"{name}_{kind}")
            factor, expected = _follow(name, average, other)
            shown = ~np.isnan(average)
            differs = np.abs(other - expected)[shown] > 1.01e-4 + 0.0006 * expected[shown]
            found[name][kind.lower()] = round(factor, 4)
            found[name][f"{kind.lower()}_differs"] = round(float(differs.mean()), 3)
    return {"housing": found}


def _follow(name: str, average: Floats, other: Floats) -> tuple[float, Floats]:
    if name == "YEARS_BUILD":
        young = average < 0.95
        factor = float(np.nanmedian((1 - other[young]) / (1 - average[young])))
        return factor, 1 - (1 - average) * factor
    large = average > 0.05
    factor = float(np.nanmedian(other[large] / average[large]))
    return factor, average * factor


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    real = Applications(arguments.real)
    marginals = json.loads(arguments.out.with_name("marginals.json").read_text(encoding="utf-8"))
    organizations = sorted(o for o in marginals["application"]["ORGANIZATION_TYPE"]["values"] if o != "XNA")
    measured = {"rows": len(real.rows)} | measure_housing(real) | measure_family(real)
    measured |= measure_work(real, organizations) | measure_regions(real)
    arguments.out.write_text(json.dumps(measured, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
