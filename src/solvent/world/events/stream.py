"""The applications of a world in the order of their arrival, drawn as they come: memory does not grow with them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from solvent.domain.outcomes import OutcomeKind, ReportedOutcome
from solvent.world.blocks import BLOCK_CLIENTS, Lender, build_lender
from solvent.world.drawing.marginals import Flags, Table, numbers, texts
from solvent.world.drawing.merging import concatenated, rows_of_table
from solvent.world.events.arrivals import monday
from solvent.world.events.bodies import Columns, request_bodies
from solvent.world.events.planting import Arrivals, Plan, check_plan, planted_block
from solvent.world.events.scenarios import Timeline

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ArrivingApplication:
    """One application: its request `body`, and what nobody knows on the day it arrives.

    `outcomes` are those of the client, in the order of time.
    """

    client_id: int
    applied_at: datetime
    body: dict[str, Any]
    true_probability_default: float
    is_planted: bool
    outcomes: tuple[ReportedOutcome, ...]


class StreamClock:
    """A clock that stands where a stream is: services that take it date their decisions in the time of the world."""

    def __init__(self) -> None:
        self._now = moment(monday(0))

    def __call__(self) -> datetime:
        return self._now

    def follow(self, stream: Iterable[ArrivingApplication]) -> Iterator[ArrivingApplication]:
        """Yield the applications, each at the time of its arrival."""
        for application in stream:
            self._now = application.applied_at
            yield application


def stream_arrivals(clients: int, seed: int, timeline: Timeline, *, lender: Lender | None = None) -> Iterator[Arrivals]:
    """Yield the clients of a world week by week: those that `make_world` writes for the same size, seed and timeline.

    In each part "application" and `truth` are in the order of arrival, the other tables in that of the keys. A part
    holds whole weeks; with what waits for the end of its week, about 2,000 clients or those of two weeks, whichever
    is more, are in memory.

    Raises:
        WorldError: the arguments make no sense; raised at the call, before anything is drawn.
    """
    plan = Plan(clients, seed, timeline)
    check_plan(plan)
    return _complete_weeks(lender or build_lender(), plan)


def stream_applications(
    clients: int, seed: int, timeline: Timeline, *, with_history: bool = True, lender: Lender | None = None
) -> Iterator[ArrivingApplication]:
    """Yield the same clients one by one, as requests; without history the body says nothing of earlier loans.

    Raises:
        WorldError: as `stream_arrivals`.
    """
    check_plan(Plan(clients, seed, timeline))
    lender = lender or build_lender()
    columns = lender.facts.columns if with_history else {"application": lender.facts.columns["application"]}
    parts = stream_arrivals(clients, seed, timeline, lender=lender)
    return (application for part in parts for application in _one_by_one(part, columns))


def _complete_weeks(lender: Lender, plan: Plan) -> Iterator[Arrivals]:
    waiting: list[Arrivals] = []
    calendar, open_week = plan.timeline.calendar, 0
    for index in range(plan.blocks - 1):
        waiting.append(planted_block(lender, plan, index))
        drawn = np.array([(index + 1) * BLOCK_CLIENTS / plan.clients])
        closed_until, open_week = open_week, int(calendar.week_at(drawn)[0])
        if open_week > closed_until:
            together = _together(waiting)
            complete = np.asarray(together.truth["applied_at"]) < monday(open_week)
            waiting = [_selected(together, ~complete)]
            if complete.any():
                yield _by_arrival(_selected(together, complete))
    yield _by_arrival(_together([*waiting, planted_block(lender, plan, plan.blocks - 1)]))


def _together(parts: list[Arrivals]) -> Arrivals:
    if len(parts) == 1:
        return parts[0]
    return Arrivals(
        {name: concatenated([part.tables[name] for part in parts]) for name in parts[0].tables},
        concatenated([part.truth for part in parts]),
        concatenated([part.outcomes for part in parts]),
        np.concatenate([part.is_test for part in parts]),
    )


def _selected(arrivals: Arrivals, where: Flags) -> Arrivals:
    chosen = np.asarray(arrivals.truth["SK_ID_CURR"])[where]

    def of_chosen(table: Table) -> Table:
        return rows_of_table(table, np.isin(np.asarray(table["SK_ID_CURR"]), chosen))

    tables = {name: of_chosen(table) for name, table in arrivals.tables.items()}
    return Arrivals(tables, of_chosen(arrivals.truth), of_chosen(arrivals.outcomes), arrivals.is_test[where])


def _by_arrival(arrivals: Arrivals) -> Arrivals:
    order = np.argsort(np.asarray(arrivals.truth["applied_at"]), kind="stable")
    tables = {**arrivals.tables, "application": rows_of_table(arrivals.tables["application"], order)}
    return Arrivals(tables, rows_of_table(arrivals.truth, order), arrivals.outcomes, arrivals.is_test[order])


def _one_by_one(part: Arrivals, columns: Mapping[str, Columns]) -> Iterator[ArrivingApplication]:
    outcomes = _outcomes_by_client(part.outcomes)
    bodies = request_bodies(part.tables, columns)
    truth = zip(*(np.asarray(column).tolist() for column in part.truth.values()), strict=True)
    for body, (client, probability, _, applied_at, planted) in zip(bodies, truth, strict=True):
        yield ArrivingApplication(client, moment(applied_at), body, probability, bool(planted), tuple(outcomes[client]))


def _outcomes_by_client(outcomes: Table) -> dict[int, list[ReportedOutcome]]:
    found: dict[int, list[ReportedOutcome]] = {}
    kinds = texts(outcomes, "kind")
    columns = [np.asarray(outcomes[name]).tolist() for name in ("SK_ID_CURR", "observed_at", "reported_at")]
    for client, observed, reported, kind, defaulted in zip(
        *columns, kinds.codes.tolist(), numbers(outcomes, "defaulted").tolist(), strict=True
    ):
        answer = None if np.isnan(defaulted) else defaulted == 1
        times = moment(observed), moment(reported)
        one = ReportedOutcome(OutcomeKind(kinds.labels[kind]), *times, answer, client_id=client)
        found.setdefault(client, []).append(one)
    return found


def moment(microseconds: int) -> datetime:
    """Return a moment of this room as an aware time in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
