"""Quantiles, kurtosis, runs and groups by two keys have their known answers, in both engines."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from catalogue_clients import features_of
from hostile_tables import HostileTables
from small_programs import Rows, compile_all, evaluate, instalments, months, pos

from solvent.errors import FeatureError
from solvent.features.aggregates import (
    before,
    count,
    grouped,
    kurtosis,
    longest_run,
    lookup,
    maximum,
    mean,
    median,
    minimum,
    quantile,
    quartile_range,
    run_count,
    total,
)
from solvent.features.ibis_engine import BatchEngine
from solvent.features.language import Expression
from solvent.tables.reading import open_tables

paid, due = instalments.AMT_PAYMENT, instalments.DAYS_INSTALMENT
month, status = months.MONTHS_BALANCE, months.STATUS
loans = grouped(instalments, by="SK_ID_PREV")
whole = grouped(instalments, by="SK_ID_PREV", each="NUM_INSTALMENT_NUMBER")
borrowed = grouped(months, by="SK_ID_BUREAU")
late = status.is_in("1", "2")


def payment(loan: int | None, number: int | None, amount: float | None, day: int) -> dict[str, Any]:
    """A payment of an instalment of a loan."""
    return {
        "SK_ID_CURR": 1,
        "SK_ID_PREV": loan,
        "NUM_INSTALMENT_NUMBER": number,
        "AMT_PAYMENT": amount,
        "DAYS_INSTALMENT": day,
    }


PAYMENTS: Rows = [
    payment(1, 1, 60, -30), payment(1, 1, 40, -30), payment(1, 2, 90, -20), payment(1, 3, None, -10),
    payment(2, 1, 7, -30), payment(2, None, 1000, -20), payment(None, 1, 2000, -20), payment(2, 5000, 3000, -20),
]  # fmt: skip
"""Amounts by size: missing, 7, 40, 60, 90, 1000, 2000, 3000; an instalment cannot have the number 5000."""
STATUSES: Rows = [
    *({"SK_ID_BUREAU": 10, "MONTHS_BALANCE": month, "STATUS": code}
      for month, code in zip(range(-9, 0), "11X12C011", strict=True)),
    {"SK_ID_BUREAU": 10, "MONTHS_BALANCE": -2, "STATUS": "1"},
    *({"SK_ID_BUREAU": 11, "MONTHS_BALANCE": month, "STATUS": code} for month, code in ((-8, "0"), (-1, "0"))),
    *({"SK_ID_BUREAU": 12, "MONTHS_BALANCE": month, "STATUS": "1"} for month in (-4, -3, -2, None)),
]  # fmt: skip
BUREAU: Rows = [{"SK_ID_CURR": 1, "SK_ID_BUREAU": loan} for loan in (10, 11, 12)]

AMOUNTS = [7, 40, 60, 90, 1000, 2000, 3000]
PEARSON = float(scipy.stats.kurtosis(AMOUNTS, fisher=False))
_part_count = whole.value(count(instalments))

CASES: list[tuple[str, Expression, float | None]] = [
    ("the middle of seven", median(paid), 90),
    ("the middle of four", median(paid, where=paid < 100), 50),
    ("the middle of one", median(paid, where=paid == 7), 7),
    ("the middle of none", median(paid, where=paid < 0), None),
    ("the middle of two that cancel", median((paid - 50) * 0.1, where=(paid >= 40) & (paid <= 60)), 0),
    ("the lowest", quantile(paid, 0.0), 7),
    ("the highest", quantile(paid, 1.0), 3000),
    ("nine tenths, between two", quantile(paid, 0.9), 2000 + 0.4 * 1000),
    ("the middle half", quartile_range(paid), 1500 - 50),
    ("the middle of loans", median(loans.value(total(paid))), (190 + 4007) / 2),
    ("the kurtosis", kurtosis(paid), PEARSON),
    ("the kurtosis far from zero", kurtosis(paid + 1e6), PEARSON),
    ("the kurtosis of two values", kurtosis(paid, where=paid < 50), 1),
    ("the kurtosis of equal values", kurtosis(paid * 0.0 + 0.1), None),
    ("the kurtosis of none", kurtosis(paid, where=paid < 0), None),
    ("instalments", count(whole), 4),
    ("parts are added up", maximum(whole.value(total(paid)), where=_part_count > 1), 100),
    ("the mean of instalments, of which one has no amount", mean(whole.value(total(paid))), (100 + 90 + 7) / 3),
    ("the largest part of each", total(whole.value(mean(paid, last=1, by=paid))), 60 + 90 + 7),
    ("the longest run, others between", maximum(borrowed.value(longest_run(month, where=late))), 3),
    ("runs of all loans", total(borrowed.value(run_count(month, where=late))), 3 + 0 + 1),
    ("a month counts once in a run", maximum(borrowed.value(longest_run(month, where=month >= -2))), 2),
    ("a missing month ends a run", minimum(borrowed.value(longest_run(month))), 1),
    ("no run", maximum(borrowed.value(longest_run(month, where=status == "5"))), 0),
    ("no runs", total(borrowed.value(run_count(month, where=status == "5"))), 0),
    ("a run over all loans of the client", longest_run(month, where=late), 6),
]  # fmt: skip
HISTORY = {"installments_payments": PAYMENTS, "bureau": BUREAU, "bureau_balance": STATUSES}


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Every case by DuckDB."""
    rows = {"application": [{"SK_ID_CURR": 1}], **{name: [{**row} for row in own] for name, own in HISTORY.items()}}
    program = compile_all(*(expression for _, expression, _ in CASES))
    with open_tables(HostileTables(rows).write(tmp_path_factory.mktemp("raw"))) as tables:
        values = BatchEngine(program, tables).read_values()[1]
    return dict(zip((name for name, *_ in CASES), values[0].tolist(), strict=True))


@pytest.mark.parametrize(("name", "expression", "expected"), CASES, ids=[name for name, *_ in CASES])
def test_has_its_known_answer_in_both_engines(
    name: str, expression: Expression, expected: float | None, batch: dict[str, float]
) -> None:
    found = evaluate(expression, {}, **HISTORY)
    assert found == (expected if expected is None else pytest.approx(expected, rel=1e-12))
    assert batch[name] == pytest.approx(np.nan if expected is None else expected, rel=1e-12, nan_ok=True)


def test_without_rows_there_are_no_runs_to_count() -> None:
    assert evaluate(run_count(month)) is None


def test_a_part_is_between_nothing_and_all() -> None:
    with pytest.raises(FeatureError, match="quantile takes a part between 0 and 1"):
        quantile(paid, 50)


def test_groups_by_two_keys_are_not_looked_up_and_have_no_row_before() -> None:
    with pytest.raises(FeatureError, match="lookup takes a value per loan"):
        lookup(whole.value(total(paid)), into=instalments)
    with pytest.raises(FeatureError, match=r"before within a loan is taken .*, loan by loan"):
        before(paid, by=due, within_loan=whole)
    with pytest.raises(FeatureError, match="each takes a number"):
        grouped(pos, by="SK_ID_PREV", each="NAME_CONTRACT_STATUS")
    with pytest.raises(FeatureError, match="a value per SK_ID_PREV and NUM_INSTALMENT_NUMBER is a statistic over"):
        whole.value(paid)


def test_an_instalment_paid_in_two_parts_is_paid_in_full_when_the_second_comes() -> None:
    values = features_of(installments_payments=[
        {**payment(1, 1, 60, -100), "AMT_INSTALMENT": 100, "DAYS_ENTRY_PAYMENT": -105},
        {**payment(1, 1, 40, -100), "AMT_INSTALMENT": 100, "DAYS_ENTRY_PAYMENT": -91},
        {**payment(1, 2, 90, -70), "AMT_INSTALMENT": 100, "DAYS_ENTRY_PAYMENT": -70},
    ])  # fmt: skip
    whole_ones = {name.removeprefix("installments_whole_"): one for name, one in values.items() if "_whole_" in name}
    assert whole_ones == {
        "paid_ratio_mean": pytest.approx(0.95), "paid_ratio_min": 0.9, "short_share": 0.5, "part_share": 0.5,
        "delay_days_mean": 4.5, "late_share": 0.5, "late_days_max_12m": 9.0,
    }  # fmt: skip
    assert values["installments_paid_ratio_min"] == 0.4


def test_the_delays_have_a_middle_a_middle_half_and_outliers() -> None:
    delays = [-12, -10, -10, -8, 30]
    values = features_of(installments_payments=[
        {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -100, "DAYS_ENTRY_PAYMENT": -100 + delay} for delay in delays
    ])  # fmt: skip
    assert values["installments_delay_days_median"] == -10.0
    assert values["installments_delay_days_quartile_range"] == 2.0
    expected = scipy.stats.kurtosis(delays, fisher=False)
    assert values["installments_delay_days_kurtosis"] == pytest.approx(expected, rel=1e-12)


def test_a_loan_that_fell_behind_twice_in_four_good_months() -> None:
    codes = "00112010"
    balances = [
        {"SK_ID_BUREAU": 10, "MONTHS_BALANCE": month, "STATUS": code}
        for month, code in zip(range(-8, 0), codes, strict=True)
    ]
    values = features_of(bureau=BUREAU, bureau_balance=balances)
    assert values["bureau_month_late_run_max"] == 3.0
    assert values["bureau_month_roll_rate_late"] == 2 / 4
    assert values["bureau_month_roll_rate_worse"] == pytest.approx(1 / 3)
