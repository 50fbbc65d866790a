from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from solvent.errors import WorldError
from solvent.world.blocks import Lender
from solvent.world.drawing.marginals import Coded, Column, Table, numbers
from solvent.world.drawing.merging import rows_of_table
from solvent.world.events.planting import Plan, planted_block
from solvent.world.events.scenarios import SCENARIOS, Monitor, Risk, Timeline, check_timeline, planted_scenario

pytestmark = pytest.mark.slow

RINGS, SILENT = 0.2, 0.1
"""Population stability indices: above the first is drift by common usage, below the second none."""

Shares = NDArray[np.float64]


Draw = Callable[[str], tuple[Table, Table]]


@pytest.fixture(scope="module")
def draw(lender: Lender) -> Draw:
    """Draws the applications, with their truth, of 1,000 clients in the planted weeks, and of the same ones without."""

    @cache
    def one(name: str) -> Table:
        block = planted_block(lender, Plan(1000, 5, Timeline(scenario=name, from_share=0.0)), 0)
        return {**block.tables["application"], **block.truth}

    return lambda name: (one(name), one("quiet"))


def stability_index(planted: Column, quiet: Column) -> float:
    """PSI over deciles or categories of the quiet clients, with a bin for missing values."""
    one, other = shares(planted, quiet), shares(quiet, quiet)
    return float(np.sum((one - other) * np.log(one / other)))


def shares(column: Column, quiet: Column) -> Shares:
    if isinstance(column, Coded):
        assert isinstance(quiet, Coded)
        place = [quiet.labels.index(label) if label in quiet.labels else len(quiet.labels) for label in column.labels]
        bins, count = np.array([*place, len(quiet.labels) + 1])[column.codes], len(quiet.labels) + 2
    else:
        edges = np.unique(np.nanquantile(np.asarray(quiet, dtype=np.float64), np.linspace(0.1, 0.9, 9)))
        values = np.asarray(column, dtype=np.float64)
        bins, count = np.searchsorted(edges, np.where(np.isnan(values), -np.inf, values)), len(edges) + 2
        bins = np.where(np.isnan(values), count - 1, bins)
    found = np.bincount(bins, minlength=count) + 0.5
    return np.asarray(found / found.sum(), dtype=np.float64)


@pytest.mark.parametrize("name", SCENARIOS)
def test_inputs_drift_where_the_ground_truth_says_so(draw: Draw, name: str) -> None:
    planted, quiet = draw(name)
    scenario = SCENARIOS[name]
    drift = {
        column: stability_index(planted[column], quiet[column])
        for column in quiet
        if column not in {"SK_ID_CURR", "TARGET", "true_probability_default", "applied_at", "planted", "defaulted"}
    }
    named = max((drift[column] for column in scenario.columns), default=0.0)
    rings = Monitor.INPUT_DRIFT in scenario.rings or Monitor.UNSEEN_CATEGORIES in scenario.rings
    assert (named > RINGS) == rings
    if scenario.risk is not Risk.OTHER_CLIENTS:
        assert max(value for column, value in drift.items() if column not in scenario.columns) < SILENT


@pytest.mark.parametrize(
    ("name", "factor"),
    [("recession", 1.75), ("income_shock", 1.2), ("fraud_burst", 3.5)],
)
def test_the_true_probability_moves_where_the_ground_truth_says_so(draw: Draw, name: str, factor: float) -> None:
    planted, quiet = draw(name)
    assert SCENARIOS[name].risk in {Risk.MOVES_UNSEEN, Risk.MOVES_WITH_INPUTS}
    mean, before = (numbers(table, "true_probability_default").mean() for table in (planted, quiet))
    assert mean / before == pytest.approx(factor, rel=0.12)
    assert planted["defaulted"].mean() == pytest.approx(mean, abs=0.02)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.risk is Risk.SAME])
def test_the_true_probability_stays_where_only_the_record_is_wrong(draw: Draw, name: str) -> None:
    planted, quiet = draw(name)
    assert np.array_equal(planted["true_probability_default"], quiet["true_probability_default"])  # type: ignore[arg-type]
    assert np.array_equal(planted["defaulted"], quiet["defaulted"])  # type: ignore[arg-type]


def test_an_income_shock_takes_thirty_percent_of_the_median_income(draw: Draw) -> None:
    planted, quiet = draw("income_shock")
    median = [np.median(numbers(table, "AMT_INCOME_TOTAL")) for table in (planted, quiet)]
    assert median[0] / median[1] == pytest.approx(0.7, abs=0.1)
    assert np.array_equal(numbers(planted, "AMT_CREDIT"), numbers(quiet, "AMT_CREDIT"))


def test_a_season_moves_only_the_moments(draw: Draw) -> None:
    planted, quiet = draw("seasonal_rhythm")
    assert not np.array_equal(planted["applied_at"], quiet["applied_at"])  # type: ignore[arg-type]
    for name in ("AMT_CREDIT", "EXT_SOURCE_2", "HOUR_APPR_PROCESS_START"):
        assert np.array_equal(numbers(planted, name), numbers(quiet, name), equal_nan=True)


def test_clients_whom_a_scenario_does_not_reach_are_those_of_the_quiet_world(lender: Lender) -> None:
    timeline = Timeline(scenario="new_channel", from_share=0.3, until_share=0.7)
    mixed = planted_block(lender, Plan(1000, 5, timeline), 0)
    quiet = planted_block(lender, Plan(1000, 5, Timeline()), 0)
    applied = np.asarray(mixed.truth["applied_at"], dtype="datetime64[us]")
    untouched = np.asarray(mixed.truth["planted"]) == 0
    assert untouched.mean() == pytest.approx(0.8, abs=0.05)
    assert in_planted_weeks(applied, timeline)[~untouched].all()
    assert np.array_equal(
        numbers(mixed.truth, "true_probability_default")[untouched],
        numbers(quiet.truth, "true_probability_default")[untouched],
    )
    for name, table in quiet.tables.items():
        client = np.asarray(table["SK_ID_CURR"], dtype=np.int64) - 100_001
        expected = rows_of_table(table, untouched[client])
        other = np.asarray(mixed.tables[name]["SK_ID_CURR"], dtype=np.int64) - 100_001
        found = rows_of_table(mixed.tables[name], untouched[other])
        assert expected.keys() == found.keys()
        for column in (column for column in expected if column.startswith(("AMT_", "SK_ID_"))):
            assert np.array_equal(numbers(expected, column), numbers(found, column), equal_nan=True), (name, column)


def in_planted_weeks(applied: NDArray[np.datetime64], timeline: Timeline) -> NDArray[np.bool_]:
    planted = planted_scenario(timeline)
    begin, end = (np.datetime64(str(text).removesuffix("Z")) for text in (planted.starts_at, planted.ends_at))
    return np.asarray((applied >= begin) & (applied < end), dtype=np.bool_)


@pytest.mark.parametrize(
    ("name", "column", "share"), [("fraud_burst", "EXT_SOURCE_2", 1 / 4), ("new_category", "NAME_INCOME_TYPE", 1 / 8)]
)
@pytest.mark.parametrize("from_share", [0.0, 0.5])
def test_planted_are_those_whom_the_scenario_changed(
    lender: Lender, name: str, column: str, share: float, from_share: float
) -> None:
    timeline = Timeline(scenario=name, from_share=from_share)
    mixed, quiet = (planted_block(lender, Plan(1000, 5, line), 0) for line in (timeline, Timeline()))
    changed = differs(mixed.tables["application"][column], quiet.tables["application"][column])
    assert (np.asarray(mixed.truth["planted"]) == 1).tolist() == changed.tolist()
    assert changed.mean() == pytest.approx(share * (1 - from_share), abs=0.04)


def differs(one: Column, other: Column) -> NDArray[np.bool_]:
    if isinstance(one, Coded) and isinstance(other, Coded):
        labels = (np.array([*column.labels, ""])[column.codes] for column in (one, other))
        return np.asarray(np.not_equal(*labels), dtype=np.bool_)
    values, before = (np.asarray(column, dtype=np.float64) for column in (one, other))
    return ~np.isclose(values, before, rtol=0, atol=0, equal_nan=True)


def test_a_delay_plants_all_in_its_time_and_a_season_nobody(lender: Lender) -> None:
    for name, share in (("label_delay", 1.0), ("seasonal_rhythm", 0.0)):
        timeline = Timeline(scenario=name, from_share=0.0)
        truth = planted_block(lender, Plan(100, 5, timeline), 0).truth
        assert np.asarray(truth["planted"]).mean() == planted_scenario(timeline).affected_share == share


def pairs(table: Table) -> list[tuple[int, int]]:
    """Loan and client of each row."""
    return list(zip(*(numbers(table, key).astype(int).tolist() for key in ("SK_ID_PREV", "SK_ID_CURR")), strict=True))


def test_keys_of_loans_stay_unique_where_a_scenario_begins(lender: Lender) -> None:
    block = planted_block(lender, Plan(1000, 5, Timeline(scenario="new_channel")), 0)
    for table, key in (("bureau", "SK_ID_BUREAU"), ("previous_application", "SK_ID_PREV")):
        keys = np.asarray(block.tables[table][key])
        assert len(np.unique(keys)) == len(keys)
    owner = dict(pairs(block.tables["previous_application"]))
    assert all(owner.get(loan, client) == client for loan, client in pairs(block.tables["POS_CASH_balance"]))


def test_the_record_of_a_scenario_says_what_from_when_and_who_should_notice() -> None:
    record = planted_scenario(Timeline(scenario="bureau_outage", from_share=0.25, until_share=0.5))
    assert (record.starts_at, record.ends_at) == ("2024-07-01T00:00:00Z", "2024-12-30T00:00:00Z")
    assert record.columns[:3] == ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
    assert (record.risk, record.affected_share) == ("same", 1.0)
    assert record.rings == ("missing_values", "input_drift", "score_drift")
    assert planted_scenario(Timeline()).starts_at is None


@pytest.mark.parametrize(
    ("timeline", "message"),
    [
        (Timeline(scenario="meteor"), "unknown scenario: choose one of quiet, income_shock, bureau_outage"),
        (Timeline(months=0), "at least one month"),
        (Timeline(scenario="recession", from_share=0.8, until_share=0.2), "from a share of the time to a later one"),
        (Timeline(scenario="recession", until_share=1.5), "from a share of the time to a later one"),
        (Timeline(1, "recession", 0.3, 0.4), "would not last a whole week"),
    ],
)
def test_a_timeline_without_sense_is_refused(timeline: Timeline, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        check_timeline(timeline)


def test_every_monitor_has_a_scenario_that_should_ring_it_or_must_not() -> None:
    check_timeline(Timeline(1, "recession", 0.25, 0.5))
    rung = {monitor for scenario in SCENARIOS.values() for monitor in (*scenario.rings, *scenario.may_ring)}
    assert rung | {Monitor.VOLUME} == set(Monitor)
    assert SCENARIOS["seasonal_rhythm"].rings == SCENARIOS["quiet"].rings == ()
