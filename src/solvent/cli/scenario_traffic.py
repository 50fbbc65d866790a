"""Sends a planted scenario to a running API, and notes the truth that no API knows."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from solvent.cli.sending import TrafficSummary, post_application
from solvent.tables.schemas import CLIENT
from solvent.world.blocks import Lender
from solvent.world.events.scenarios import Timeline
from solvent.world.events.stream import ArrivingApplication, stream_applications

COLUMNS = (
    *("request_id", CLIENT, "kind", "observed_at", "reported_at", "defaulted"),
    *("decision", "scenario", "planted", "true_probability_default"),
)
FIRST_CLIENT, CLIENTS_PER_SEED, SEEDS = 200_000_000, 1_000_000, 1_000
"""Traffic of another seed brings other people; none of them has the key of a client of a world's tables."""

Note = Callable[[ArrivingApplication, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class ScenarioTraffic:
    """So many new clients from a seed along a timeline; `truth` is the CSV file to write, if one is wanted."""

    clients: int
    seed: int
    timeline: Timeline
    delay_seconds: float = 0.0
    truth: Path | None = None


def send_scenario(
    client: httpx.Client,
    traffic: ScenarioTraffic,
    *,
    progress: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
    lender: Lender | None = None,
) -> TrafficSummary:
    """Post the applications in the order of their arrival; `progress` hears how many were sent.

    The truth has a row per later outcome of each decided client, as `solvent outcomes import` reads it. The time from
    application to outcome is the world's; it is counted from the decision, which the API makes now.

    Raises:
        WorldError: the timeline makes no sense; nothing was sent or written.
    """
    stream = stream_applications(traffic.clients, traffic.seed, traffic.timeline, lender=lender)
    first, summary = FIRST_CLIENT + traffic.seed % SEEDS * CLIENTS_PER_SEED, TrafficSummary()
    with _noted_truth(traffic.truth, traffic.timeline.scenario) as note:
        for number, known in enumerate(stream, start=1):
            key = first + known.client_id
            application = replace(known, client_id=key, body={**known.body, CLIENT: key})
            answer = post_application(client, application.body, sleep=sleep)
            summary.add(replace(answer, is_shifted=application.is_planted))
            if answer.decision is not None:
                note(application, answer.decision)
            progress(number)
            if traffic.delay_seconds:
                sleep(traffic.delay_seconds)
    return summary


@contextmanager
def _noted_truth(path: Path | None, scenario: str) -> Iterator[Note]:
    if path is None:
        yield lambda _application, _decision: None
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        yield lambda application, decision: writer.writerows(_truth_rows(application, decision, scenario))


def _truth_rows(
    application: ArrivingApplication, decision: dict[str, Any], scenario: str
) -> Iterator[tuple[object, ...]]:
    since_arrival = datetime.fromisoformat(decision["timestamp"]) - application.applied_at
    for outcome in application.outcomes:
        reported_at = outcome.reported_at or outcome.observed_at
        times = ((time + since_arrival).isoformat() for time in (outcome.observed_at, reported_at))
        defaulted = "" if outcome.defaulted is None else int(outcome.defaulted)
        yield (
            *(decision["request_id"], application.client_id, outcome.kind.value, *times, defaulted),
            *(decision["decision"], scenario, int(application.is_planted), application.true_probability_default),
        )
