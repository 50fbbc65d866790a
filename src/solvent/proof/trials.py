"""One trial: a stream of decisions into which a scenario comes, and which monitor rings after how many decisions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvent.domain.measurements import Window
from solvent.domain.observations import LogColumn
from solvent.domain.ports import ObservedLog
from solvent.monitoring.alert_rules import AlertRule
from solvent.monitoring.alerts import State, judge
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


JUDGED_BY = {
    "important_features_drifted": Monitor.INPUT_DRIFT,
    "features_moved": Monitor.INPUT_DRIFT,
    "drifted_share": Monitor.INPUT_DRIFT,
    "weighted_drifted_share": Monitor.INPUT_DRIFT,
    "score_psi": Monitor.SCORE_DRIFT,
    "missing_rise": Monitor.MISSING_VALUES,
    "out_of_range_rate": Monitor.OUT_OF_RANGE,
    "unseen_category_rate": Monitor.UNSEEN_CATEGORIES,
}
"""Which of them a rule speaks for, by its metric."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that watches the trials: a model ready to be compared with, and the rules on what is measured."""

    model: WatchedModel
    rules: Sequence[AlertRule]


@dataclass(frozen=True, slots=True)
class Ringing:
    """What rings on a window: by the verdict of the report, and by the alert rules."""

    report: tuple[Monitor, ...]
    rules: tuple[Monitor, ...]


@dataclass(frozen=True, slots=True)
class Delays:
    """How many decisions after the beginning a monitor rang first, by its name; none that did not ring."""

    report: dict[str, int]
    rules: dict[str, int]


@dataclass(frozen=True)
class Trial:
    """Decisions under one caller's name, at these moments; the first `lead` are quiet."""

    caller: str
    moments: Moments
    lead: int


def find_delays(log: ObservedLog, watched: Watched, trial: Trial) -> Delays:
    """Look at the last `WINDOW` decisions again and again while the trial goes on."""
    delays = Delays({}, {})
    for end in range(WINDOW, len(trial.moments) + 1, STEP):
        rings = look(log, watched, trial.caller, trial.moments[end - WINDOW : end])
        for monitors, first in ((rings.report, delays.report), (rings.rules, delays.rules)):
            for monitor in monitors:
                first.setdefault(monitor.value, end - trial.lead)
    return delays


def look(log: ObservedLog, watched: Watched, caller: str, moments: Moments) -> Ringing:
    """Return the monitors that ring on the decisions at these moments."""
    window = Window(to_time(int(moments[0])), to_time(int(moments[-1]) + 1))
    request = WatchRequest(window, segment=Segment("caller", caller, LogColumn.CALLER))
    found = watch_inputs(log, watched.model, request)
    return Ringing(tuple(_ringing(found)), _by_rules(found, watched.rules))


def _by_rules(found: InputReport, rules: Sequence[AlertRule]) -> tuple[Monitor, ...]:
    quality = found.quality.to_measurements() if found.quality else ()
    verdicts = judge(rules, (*found.drift.to_measurements(), *quality))
    broken = {JUDGED_BY.get(verdict.rule.metric) for verdict in verdicts if verdict.state is State.RINGS}
    return tuple(monitor for monitor in WATCHED if monitor in broken)


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
