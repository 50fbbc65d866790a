"""Reshapes the published statistics of the real tables into the facts that ship with the simulated lender.

    python tools/reshape_facts.py FACTS [--out src/solvent/world/facts]

FACTS is the folder of application.json, correlation.json, history_*.json and relations.json. Writes marginals.json,
correlation.json, relations.json, histories.json (what the lender draws from) and measured.json (what its report judges
by). columns.json is the raw schema, truth.json comes from fit_truth.py, sample_shares.json from measure_sample.py, and
history_assumptions.json is kept by hand.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reshape_measured import measured
from reshape_numbers import numeric_marginal
from solvent.world.drawing.sentinels import MISSING, MISSING_LABEL

Facts = Mapping[str, Any]

FULL_DEFAULT_RATE = 0.0807
"""Share of defaults among the 307,511 applications of the full table, 24,825 of them."""

SURE_ERRORS = {"application": 0.009, "client": 0.015, "instalment": 0.04}
"""Standard errors of a correlation: 13,718 applications, 5,000 clients, 679 clients with instalments."""

ADDED = ("FLAG_EMP_PHONE", "OCCUPATION_TYPE__missing")
NOT_DRAWN = ("FLAG_MOBIL", "FLAG_EMP_PHONE", "CNT_FAM_MEMBERS", "REGION_RATING_CLIENT", "OBS_60_CNT_SOCIAL_CIRCLE")
NEVER_GIVEN = ("FLAG_DOCUMENT_2", "FLAG_DOCUMENT_10", "FLAG_DOCUMENT_12")
FLAGGED = (
    *("bureau_count", "bureau_active_count", "bureau_max_overdue", "bureau_credit_card_count"),
    *("bureau_balance_months", "previous_count", "pos_months", "card_months"),
)
"""Client aggregates whose missing flag is drawn; the others are missing together with one of these."""

SHARED_FLAGS = (
    *("OWN_CAR_AGE", "OCCUPATION_TYPE"),
    *(f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("DAY", "WEEK", "MON", "QRT", "YEAR")),
)
ALL_HOUSING_MISSING = "all 14 housing *_AVG columns are missing"
FEW_VALUES = ("REGION_POPULATION_RELATIVE",)
"""Numbers with so few distinct values that those which are published stand for all."""

HOUSING_TWINS = ("_MODE", "_MEDI")
FREQUENT = {
    "goods_price_cash": "AMT_GOODS_PRICE|Cash loans",
    "credit_revolving": "AMT_CREDIT|Revolving loans",
    "income": "AMT_INCOME_TOTAL",
    "credit_to_goods_cash": "AMT_CREDIT/AMT_GOODS_PRICE|Cash loans (rounded to 4 digits)",
    "annuity_to_credit_cash": "AMT_ANNUITY/AMT_CREDIT|Cash loans (rounded to 3 digits)",
    **{
        f"{name}_AVG": f"{name}_AVG"
        for name in ("FLOORSMAX", "FLOORSMIN", "ELEVATORS", "ENTRANCES", "YEARS_BUILD", "YEARS_BEGINEXPLUATATION")
    },
}


def normalised(shares: Iterable[float]) -> list[float]:
    """Return the shares so that they add up to 1, with six decimals."""
    listed = list(shares)
    total = sum(listed)
    return [round(share / total, 6) for share in listed]


def marginal(column: Facts, rate: float) -> dict[str, Any]:
    """Return one entry of marginals.json; categories stand in the order of their default rate."""
    if "quantiles" in column:
        return numeric_marginal(column)
    shares = column["shares"]
    if column["kind"] == "categorical":
        values: list[Any] = by_default_rate(shares, column.get("default_rate", {}), rate)
        return {"missing": column["missing_rate"], "values": values, "shares": normalised(shares[v] for v in values)}
    names = sorted(shares, key=float)
    values = [_number(name) for name in names]
    return {"missing": column["missing_rate"], "values": values, "shares": normalised(shares[name] for name in names)}


def by_default_rate(names: Iterable[str], rates: Mapping[str, float], rate: float) -> list[str]:
    """Return names in the order of their default rate; those without one count as the overall rate."""
    return sorted(names, key=lambda name: (rates.get(name, rate), name))


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def correlations(application: Facts, client: Facts, published: Facts) -> dict[str, Any]:
    """Return correlation.json: the lower triangle in thousandths, of what the copula draws and TARGET."""
    names = [name for name in published["names"] if _is_drawn(name, application, client)]
    names = [*names, *published["instalment_rows"], *ADDED]
    at = {name: position for position, name in enumerate(published["names"])}

    def value(left: str, right: str) -> int | None:
        instalments = published["instalment_rows"]
        if left in instalments or right in instalments:
            first, second = (left, right) if left in instalments else (right, left)
            found = instalments[first].get(second)
        else:
            found = published["matrix"][at[left]][at[right]]
        return None if found is None else round(found * 1000)

    lower = [[value(name, other) for other in names[:row]] for row, name in enumerate(names)]
    return {"names": names, "standard_error": [_error(name, client) for name in names], "lower_thousandths": lower}


def _is_drawn(name: str, application: Facts, client: Facts) -> bool:
    column = name.removesuffix(MISSING)
    if name == "TARGET":
        return True
    if column in client:
        return not name.endswith(MISSING) or column in FLAGGED
    twin = column.endswith(HOUSING_TWINS) and f"{column[:-4]}AVG" in application
    if twin or column in (*NOT_DRAWN, *NEVER_GIVEN):
        return False
    return not (name.endswith(MISSING) and column in SHARED_FLAGS)


def _error(name: str, client: Facts) -> float:
    if name.startswith("instalment_"):
        return SURE_ERRORS["instalment"]
    return SURE_ERRORS["client" if name.removesuffix(MISSING) in client else "application"]


def frequent_values(shares: Mapping[str, float]) -> dict[str, Any]:
    """Return values in their order, normalised shares, and the share of the rows that they cover."""
    names = sorted(shares, key=float)
    listed = [shares[name] for name in names]
    return {
        "values": [_number(name) for name in names],
        "shares": normalised(listed),
        "covers": round(sum(listed), 4),
    }


def relations(published: Facts, application: Facts, rate: float) -> dict[str, Any]:
    """Return relations.json."""
    conditional = published["conditional_shares"]
    equal: dict[str, dict[str, float]] = {}
    for entry in published["relations"]:
        name, _, rule = entry["relation"].partition(": _")
        if rule.endswith("equals _AVG (both present)"):
            equal.setdefault(name, {})[rule[:4]] = entry["share"]
    return {
        "default_rate": FULL_DEFAULT_RATE,
        **{name: frequent_values(published["frequent_values"][source]) for name, source in FREQUENT.items()},
        "organization_given_income_type": _given(
            conditional["ORGANIZATION_TYPE given NAME_INCOME_TYPE"], application["ORGANIZATION_TYPE"], rate
        ),
        "occupation_given_income_type": _given(
            conditional["OCCUPATION_TYPE given NAME_INCOME_TYPE"], application["OCCUPATION_TYPE"], rate
        ),
        "income_type_given_education": _given(
            conditional["NAME_INCOME_TYPE given NAME_EDUCATION_TYPE"], application["NAME_INCOME_TYPE"], rate
        ),
        "children_given_family_status": {
            group: {"values": [int(name) for name in sorted(shares, key=int)],
                    "shares": normalised(shares[name] for name in sorted(shares, key=int))}
            for group, shares in conditional["CNT_CHILDREN given NAME_FAMILY_STATUS"].items()
        },
        "region_city_given_region": conditional["REGION_RATING_CLIENT_W_CITY given REGION_RATING_CLIENT"],
        "document_3_given_contract": {
            group: shares["1"] for group, shares in conditional["FLAG_DOCUMENT_3 given NAME_CONTRACT_TYPE"].items()
        },
        "housing_equal": equal,
        "housing_blank": next(e["share"] for e in published["relations"] if e["relation"] == ALL_HOUSING_MISSING),
    }  # fmt: skip


def _given(groups: Mapping[str, Mapping[str, float]], column: Facts, rate: float) -> dict[str, Any]:
    rates = {**column.get("default_rate", {})}
    if "default_rate_missing" in column:
        rates[MISSING_LABEL] = column["default_rate_missing"]
    ordered = {}
    for group, shares in groups.items():
        values = by_default_rate(shares, rates, rate)
        ordered[group] = {"values": values, "shares": normalised(shares[value] for value in values)}
    return ordered


def histories(rows: Facts, conditional: Facts) -> dict[str, Any]:
    """Return histories.json."""
    bureau, previous = rows["bureau"]["columns"], rows["previous_application"]["columns"]

    def shares(column: Facts) -> dict[str, float]:
        return dict(zip(column["shares"], normalised(column["shares"].values()), strict=True))

    given = ("PRODUCT_COMBINATION", "NAME_YIELD_GROUP", "NAME_GOODS_CATEGORY", "CHANNEL_TYPE", "NAME_PRODUCT_TYPE")
    plain = (
        *("WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START", "NAME_CASH_LOAN_PURPOSE", "NAME_TYPE_SUITE"),
        *("NAME_PAYMENT_TYPE", "NAME_SELLER_INDUSTRY", "RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"),
    )
    return {
        "bureau": {
            "type": shares(bureau["CREDIT_TYPE"]),
            "currency": shares(bureau["CREDIT_CURRENCY"]),
            "prolong": shares(bureau["CNT_CREDIT_PROLONG"]),
        },
        "bureau_balance": {"transition": rows["bureau_balance"]["monthly_transition"]},
        "previous_application": {
            **{name: conditional[f"{name} given NAME_CONTRACT_TYPE"] for name in (*given, "NAME_CLIENT_TYPE")},
            "reject_reason": rows["previous_application"]["reject_reason_given_refused"],
            "terms": conditional["CNT_PAYMENT values"],
            **{name: shares(previous[name]) for name in plain},
        },
        "missing_share": {
            "previous_application": conditional["previous_application missing share by status"],
            "bureau": conditional["bureau missing share by activity"],
        },
        "full_rows": rows["sizes_of_the_full_kaggle_tables"],
    }


def main() -> None:
    """Read, reshape and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facts", type=Path, metavar="FACTS", help="folder of the published statistics")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "src/solvent/world/facts")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    names = ("application", "correlation", "history_per_client", "history_rows", "history_correlation", "relations")
    read = {name: json.loads((arguments.facts / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    application, client = read["application"]["columns"], read["history_per_client"]["columns"]
    rate = read["application"]["default_rate"]
    parts = {"application": application, "client": client}
    marginals = {part: {name: marginal(c, rate) for name, c in columns.items()} for part, columns in parts.items()}
    for name in FEW_VALUES:
        listed = frequent_values(read["relations"]["frequent_values"][name])
        missing = application[name]["missing_rate"]
        marginals["application"][name] = {"missing": missing, "values": listed["values"], "shares": listed["shares"]}
    made = {
        "marginals": marginals,
        "correlation": correlations(application, client, read["correlation"]),
        "relations": relations(read["relations"], application, rate),
        "histories": histories(read["history_rows"], read["history_correlation"]["conditional"]),
        "measured": measured(read),
    }
    for name, content in made.items():
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        (arguments.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
