"""One trial: a stream of decisions into which a scenario comes, and which monitor rings after how many decisions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.measurements import Window
from solvent.domain.observations import LogColumn
from solvent.domain.ports import ObservedLog
from solvent.monitoring.input_watch import InputReport, WatchRequest, watch_inputs
from solvent.monitoring.segments import Segment
from solvent.monitoring.watched_model import WatchedModel
from solvent.proof.applicants import to_time
from solvent.world.events.scenarios import Monitor

WINDOW = 1_000
"""Decisions that a monitor looks at, the latest ones."""
STEP = 250
"""Decisions between two looks."""
LEAD = WINDOW - STEP
"""Quiet decisions before it: so the first look sees three quarters of them."""

Moments = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC, in order."""

WATCHED = (
    Monitor.INPUT_DRIFT,
    Monitor.SCORE_DRIFT,
    Monitor.MISSING_VALUES,
    Monitor.OUT_OF_RANGE,
    Monitor.UNSEEN_CATEGORIES,
)
"""What can ring on inputs and scores; volume is watched by the week, see `volumes`."""


@dataclass(frozen=True)
class Trial:
    """Decisions under one caller's name, at these moments; the first `lead` are quiet."""

    caller: str
    moments: Moments
    lead: int


def find_delays(log: ObservedLog, model: WatchedModel, trial: Trial) -> dict[str, int]:
    """Return for each monitor that rang how many decisions after the beginning it rang first."""
    delays: dict[str, int] = {}
    for end in range(WINDOW, len(trial.moments) + 1, STEP):
        for monitor in look(log, model, trial.caller, trial.moments[end - WINDOW : end]):
            delays.setdefault(monitor.value, end - trial.lead)
    return delays


def look(log: ObservedLog, model: WatchedModel, caller: str, moments: Moments) -> tuple[Monitor, ...]:
    """Return the monitors that ring on the decisions at these moments."""
    window = Window(to_time(int(moments[0])), to_time(int(moments[-1]) + 1))
    request = WatchRequest(window, segment=Segment("caller", caller, LogColumn.CALLER))
    return tuple(_ringing(watch_inputs(log, model, request)))


def _ringing(found: InputReport) -> Iterator[Monitor]:
    if found.drift.has_input_drift:
        yield Monitor.INPUT_DRIFT
    if found.drift.has_score_drift:
        yield Monitor.SCORE_DRIFT
    if found.quality is None:
        return
    if found.quality.missing_more:
        yield Monitor.MISSING_VALUES
    if found.quality.out_of_range:
        yield Monitor.OUT_OF_RANGE
    if found.quality.unseen:
        yield Monitor.UNSEEN_CATEGORIES
