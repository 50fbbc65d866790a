from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from solvent.cli.applications import read_clients
from solvent.domain.outcomes import OutcomeKind
from solvent.errors import WorldError
from solvent.tables.reading import open_tables
from solvent.world.blocks import Lender
from solvent.world.events.scenarios import Timeline
from solvent.world.events.stream import stream_applications, stream_arrivals
from solvent.world.making import WorldRequest, WorldSummary, make_world

pytestmark = pytest.mark.slow

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


def test_streams_the_clients_of_the_folder_in_the_order_of_their_arrival(
    lender: Lender, small_world: tuple[Path, WorldSummary], read: Callable[[str], dict[str, Any]]
) -> None:
    folder, _ = small_world
    streamed = list(stream_applications(1500, 11, Timeline(), lender=lender))
    truth, times = read("truth"), [application.applied_at for application in streamed]
    assert all(one <= other for one, other in pairwise(times))
    by_client = sorted(streamed, key=lambda application: application.client_id)
    assert [application.client_id for application in by_client] == truth["SK_ID_CURR"].tolist()
    assert [application.true_probability_default for application in by_client] == truth[
        "true_probability_default"
    ].tolist()
    applied = pyarrow.parquet.read_table(folder / "truth.parquet").column("applied_at").to_pylist()
    assert [application.applied_at for application in by_client] == applied
    some = [application.client_id for application in by_client[::100]]
    with open_tables(folder) as tables:
        bodies = read_clients(tables, some)
    for application in by_client[::100]:
        assert sorted_rows(application.body) == sorted_rows(bodies[application.client_id])


def sorted_rows(body: dict[str, Any]) -> dict[str, Any]:
    """The body with its rows in one order: the tables have none."""
    return {name: sorted(map(str, map(dict_of_floats, value))) if isinstance(value, list) else value
            for name, value in body.items()}  # fmt: skip


def dict_of_floats(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted((name, float(value) if isinstance(value, int) else value) for name, value in row.items())


def test_the_body_states_the_hour_and_the_weekday_of_the_arrival(lender: Lender) -> None:
    for application in stream_applications(300, 3, Timeline(months=6), lender=lender):
        assert application.applied_at.hour == application.body["HOUR_APPR_PROCESS_START"]
        assert WEEKDAYS[application.applied_at.weekday()] == application.body["WEEKDAY_APPR_PROCESS_START"]
        assert datetime(2024, 1, 1, tzinfo=UTC) <= application.applied_at < datetime(2024, 7, 1, tzinfo=UTC)


def test_parts_follow_each_other_in_time_and_hold_every_client_once(lender: Lender) -> None:
    parts = list(stream_arrivals(4500, 3, Timeline(months=1), lender=lender))
    moments = np.concatenate([np.asarray(part.truth["applied_at"]) for part in parts])
    clients = np.concatenate([np.asarray(part.truth["SK_ID_CURR"]) for part in parts])
    assert [len(part.is_test) for part in parts] == [pytest.approx(1125, abs=100)] * 4
    assert (np.diff(moments) >= 0).all()
    assert sorted(clients.tolist()) == list(range(100_001, 104_501))
    for part in parts:
        mine = set(np.asarray(part.truth["SK_ID_CURR"]).tolist())
        assert np.array_equal(part.tables["application"]["SK_ID_CURR"], part.truth["SK_ID_CURR"])  # type: ignore[arg-type]
        assert set(np.asarray(part.tables["bureau_balance"]["SK_ID_CURR"]).tolist()) <= mine
        assert set(np.asarray(part.outcomes["SK_ID_CURR"]).tolist()) == mine


def test_knows_what_becomes_of_each_client(lender: Lender) -> None:
    (part,) = stream_arrivals(1000, 3, Timeline(), lender=lender)
    defaulted = 0
    for application in stream_applications(1000, 3, Timeline(), lender=lender):
        last = application.outcomes[-1]
        assert last.kind is OutcomeKind.MATURED
        assert last.observed_at - application.applied_at == timedelta(days=365.25)
        assert last.reported_at == last.observed_at
        assert last.client_id == application.client_id
        defaulted += last.defaulted is True
    assert defaulted == np.asarray(part.truth["defaulted"]).sum() > 50


def test_a_scenario_begins_in_the_middle_and_leaves_the_rest_alone(lender: Lender) -> None:
    timeline = Timeline(scenario="bureau_outage", from_share=0.5, until_share=0.75)
    planted = list(stream_applications(1200, 3, timeline, with_history=False, lender=lender))
    quiet = list(stream_applications(1200, 3, Timeline(), with_history=False, lender=lender))
    begin, end = datetime(2024, 12, 30, tzinfo=UTC), datetime(2025, 6, 30, tzinfo=UTC)
    for one, other in zip(planted, quiet, strict=True):
        assert one.is_planted == (begin <= one.applied_at < end)
        if one.is_planted:
            assert "EXT_SOURCE_2" not in one.body
        else:
            assert one == other
    assert sum(one.is_planted for one in planted) == pytest.approx(300, abs=45)
    assert "bureau" not in planted[0].body


def test_a_folder_with_a_scenario_holds_the_same_truth_and_its_record(lender: Lender, tmp_path: Path) -> None:
    timeline = Timeline(scenario="recession")
    make_world(tmp_path / "world", WorldRequest(300, 3, "parquet", timeline=timeline), lender=lender)
    truth = pyarrow.parquet.read_table(tmp_path / "world" / "truth.parquet").to_pylist()
    outcomes = pyarrow.parquet.read_table(tmp_path / "world" / "outcomes.parquet").to_pylist()
    streamed = list(stream_applications(300, 3, timeline, lender=lender))
    assert {row["SK_ID_CURR"]: bool(row["planted"]) for row in truth} == {
        application.client_id: application.is_planted for application in streamed
    }
    told = {
        (one.client_id, one.kind.value, one.observed_at, one.reported_at, one.defaulted)
        for application in streamed
        for one in application.outcomes
    }
    assert {tuple(row.values()) for row in outcomes} == told
    assert '"starts_at": "2024-12-30T00:00:00Z"' in (tmp_path / "world" / "scenario.json").read_text(encoding="utf-8")


def test_refuses_arguments_without_sense_at_the_call() -> None:
    with pytest.raises(WorldError, match="at least one client"):
        stream_arrivals(0, 3, Timeline())
    with pytest.raises(WorldError, match="room for 100,000,000 clients"):
        stream_arrivals(100_000_001, 3, Timeline())
    with pytest.raises(WorldError, match="unknown scenario"):
        stream_applications(10, 3, Timeline(scenario="meteor"))
