"""The blocks of a world along its timeline: each client with its moment, its scenario and its later outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.errors import WorldError
from solvent.world.blocks import BLOCK_CLIENTS, PLANTING_STREAM, Block, Lender, make_block
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Flags, Integers, Table, numbers, texts
from solvent.world.drawing.merging import concatenated, rows_of_table
from solvent.world.effects import UNCHANGED
from solvent.world.events.arrivals import DAY, Calendar, draw_moments
from solvent.world.events.maturing import mature
from solvent.world.events.scenarios import SCENARIOS, Timeline, check_timeline

LARGEST = 100_000_000
"""Keys of loans then stay below 2^31, which the schema of the tables allows them."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Clients that applied, and what became of them.

    `tables` by raw name, every row with SK_ID_CURR; "application" has TARGET. `truth` has one row per client in the
    order of "application": SK_ID_CURR, true_probability_default, defaulted, applied_at and planted (1 for those whom
    the scenario reached). `outcomes` has SK_ID_CURR, kind, observed_at, reported_at and defaulted. Moments are int64
    microseconds since 1970, UTC.
    """

    tables: Mapping[str, Table]
    truth: Table
    outcomes: Table
    is_test: Flags


@dataclass(frozen=True, slots=True)
class Plan:
    """A world of so many clients from one seed, along a timeline."""

    clients: int
    seed: int
    timeline: Timeline

    @property
    def blocks(self) -> int:
        return -(-self.clients // BLOCK_CLIENTS)

    def clients_of(self, index: int) -> int:
        """Return how many clients the block has: all but the last are full."""
        return min(BLOCK_CLIENTS, self.clients - index * BLOCK_CLIENTS)


def check_plan(plan: Plan) -> None:
    """Return if such a world can be drawn; raises WorldError that says what to give instead."""
    if plan.clients <= 0:
        raise WorldError("a world needs at least one client: give --clients a positive number")
    if plan.clients > LARGEST:
        raise WorldError(f"a world has room for {LARGEST:,} clients: give --clients a smaller number")
    if plan.seed < 0:
        raise WorldError("the seed must not be negative: give --seed a number from 0 up")
    check_timeline(plan.timeline)


def planted_block(lender: Lender, plan: Plan, index: int) -> Arrivals:
    """Return one block of the world; clients that are not planted are those of the quiet world.

    Their moments of application depend on the number of clients, since all of them share the timeline.
    """
    scenario, draws = SCENARIOS[plan.timeline.scenario], Draws.stream(plan.seed, index, PLANTING_STREAM)
    weeks = _draw_weeks(plan, index, plan.timeline.calendar, draws)
    planned = plan.timeline.planted_weeks
    in_weeks = (weeks >= planned.start) & (weeks < planned.stop)
    block = _draw_block(lender, plan, index, in_weeks)
    planted = in_weeks & (block.affected | (scenario.delay_days > 0))
    application = block.tables["application"]
    weekday, hour = texts(application, "WEEKDAY_APPR_PROCESS_START"), numbers(application, "HOUR_APPR_PROCESS_START")
    truth: Table = {
        "SK_ID_CURR": np.asarray(application["SK_ID_CURR"], dtype=np.int64),
        "true_probability_default": block.probability,
        "defaulted": block.defaulted.astype(np.int64),
        "applied_at": draw_moments(weeks, weekday, hour, draws),
        "planted": planted.astype(np.int64),
    }
    delay = np.where(planted, scenario.delay_days * DAY, 0)
    return Arrivals(block.tables, truth, mature(truth, draws, delay=delay), block.is_test)


def _draw_block(lender: Lender, plan: Plan, index: int, in_weeks: Flags) -> Block:
    effect, clients = SCENARIOS[plan.timeline.scenario].effect, plan.clients_of(index)
    if effect is UNCHANGED or not in_weeks.any():
        return make_block(lender, plan.seed, index, clients)
    changed = make_block(lender, plan.seed, index, clients, effect=effect)
    reached = in_weeks & changed.affected
    return changed if reached.all() else _mixed(make_block(lender, plan.seed, index, clients), changed, reached)


def _draw_weeks(plan: Plan, index: int, calendar: Calendar, draws: Draws) -> Integers:
    clients = plan.clients_of(index)
    place = index * BLOCK_CLIENTS + clients * draws.uniform(clients)
    return calendar.week_at(place / plan.clients)


def _mixed(quiet: Block, changed: Block, reached: Flags) -> Block:
    first = int(np.asarray(quiet.tables["application"]["SK_ID_CURR"])[0])
    tables = {name: _mixed_table(table, changed.tables[name], reached, first) for name, table in quiet.tables.items()}
    probability = np.where(reached, changed.probability, quiet.probability)
    defaulted = np.where(reached, changed.defaulted, quiet.defaulted)
    return Block(tables, quiet.is_test, probability, defaulted, reached)


def _mixed_table(quiet: Table, changed: Table, reached: Flags, first: int) -> Table:
    kept = rows_of_table(quiet, ~reached[np.asarray(quiet["SK_ID_CURR"], dtype=np.int64) - first])
    taken = rows_of_table(changed, reached[np.asarray(changed["SK_ID_CURR"], dtype=np.int64) - first])
    mixed = concatenated([kept, taken])
    return rows_of_table(mixed, np.argsort(np.asarray(mixed["SK_ID_CURR"]), kind="stable"))
