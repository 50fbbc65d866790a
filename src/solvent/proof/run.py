"""The proof: every scenario through features, model, log and monitors, and many windows in which nothing happens."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.reading.monitoring import ObservedDecisions
from solvent.decision_log.writing.bulk import record_in_bulk
from solvent.domain.progress import Progress, silent
from solvent.monitoring.alert_rules import read_rules
from solvent.monitoring.watched_model import watch_model
from solvent.proof.applicants import Applicants, Draw, draw_applicants
from solvent.proof.recording import is_acceptable, make_records
from solvent.proof.results import QuietResult, Result, TrialResult, VolumeResult, append_result, read_results
from solvent.proof.trials import LEAD, WINDOW, Delays, Moments, Trial, Watched, find_delays, look
from solvent.proof.volumes import WEEK, count_unusual_weeks
from solvent.scoring.model import Model
from solvent.world.events.scenarios import SCENARIOS, Timeline

MONTHS = 24
"""Length of a scenario's stream; the calendar of the world has 104 whole weeks in it."""
WEEKS = 104
_YEAR = 52 * WEEK
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """How much to prove: repetitions of each scenario, quiet windows, and how many clients those are drawn from.

    `planted`: decisions of a trial after the scenario began; what has not rung by then has not rung.
    """

    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    repetitions: int = 20
    planted: int = 2_000
    quiet_windows: int = 1_000
    quiet_clients: int = 100_000
    seed: int = 1_000


class Proof:
    """One proof in progress: a model, an empty log, a folder to work in, and the file of its results."""

    def __init__(self, model: Model, plan: ProofPlan, *, url: str, folder: Path, out: Path) -> None:
        self._model = model
        self._watched = Watched(watch_model(model.bundle), read_rules())
        self._plan = plan
        self._url = url
        self._folder = folder
        self._out = out
        self._random = np.random.default_rng(plan.seed)

    def run(self, *, progress: Progress = silent) -> list[Result]:
        """Prove what is not in the file of results yet; return all results of this model in it."""
        done = read_results(self._out, self._model.version)
        planned = self._plan.scenarios if self._plan.repetitions else ()
        scenarios = [name for name in planned if not self._is_complete(name, done)]
        windows = range(sum(isinstance(one, QuietResult) for one in done), self._plan.quiet_windows)
        if scenarios or windows:
            progress("drawing quiet applicants", 0.0)
            quiet = draw_applicants(
                self._model, Draw(self._quiet_clients(), self._plan.seed, Timeline(MONTHS)), self._folder
            )
            for place, name in enumerate(scenarios):
                progress(f"planting {name}", (place + 1) / (len(scenarios) + 2))
                self._prove_scenario(name, quiet, done)
            progress("watching quiet windows", (len(scenarios) + 1) / (len(scenarios) + 2))
            self._prove_silence(quiet, windows)
        return read_results(self._out, self._model.version)

    def _is_complete(self, name: str, done: list[Result]) -> bool:
        trials = [one for one in done if isinstance(one, TrialResult) and one.scenario == name]
        has_volume = any(isinstance(one, VolumeResult) and one.scenario == name for one in done)
        return len(trials) >= self._plan.repetitions and has_volume

    def _quiet_clients(self) -> int:
        return max(self._plan.quiet_clients, LEAD, WINDOW if self._plan.quiet_windows else 0)

    def _prove_scenario(self, name: str, quiet: Applicants, done: list[Result]) -> None:
        """Record the scenario's stream from its own year on, judge its weeks, then each repetition."""
        number = list(SCENARIOS).index(name) + 1
        size, count = self._plan.planted, self._plan.repetitions
        draw = Draw(count * size, self._plan.seed + number, Timeline(MONTHS, name, from_share=0.0))
        planted = draw_applicants(self._model, draw, self._folder)
        planted = planted.arriving(planted.moments + 3 * number * _YEAR)
        parts = [planted.at(np.arange(place * size, (place + 1) * size)) for place in range(count)]
        recorded = [self._record(part, f"{name}/{place}") for place, part in enumerate(parts)]
        if not any(isinstance(one, VolumeResult) and one.scenario == name for one in done):
            start = int(planted.moments[0]) // WEEK * WEEK
            with self._observed() as log:
                weeks, rang = count_unusual_weeks(log, start, WEEKS - 1)
            append_result(self._out, VolumeResult(name, self._model.version, weeks, rang))
        proven = {one.repetition for one in done if isinstance(one, TrialResult) and one.scenario == name}
        for place, moments in enumerate(recorded):
            if place not in proven:
                delays = self._try(moments, quiet, f"{name}/{place}")
                trial = TrialResult(name, place, self._model.version, size, delays.report, delays.rules)
                append_result(self._out, trial)

    def _try(self, planted: Moments, quiet: Applicants, caller: str) -> Delays:
        """Put quiet decisions before the planted ones, one a second, and watch the stream."""
        chosen = self._random.choice(len(quiet), LEAD, replace=False)
        before = int(planted[0]) - _SECOND * np.arange(LEAD, 0, -1, dtype=np.int64)
        lead = self._record(quiet.at(chosen).arriving(before), caller)
        with self._observed() as log:
            return find_delays(log, self._watched, Trial(caller, np.concatenate([lead, planted]), len(lead)))

    def _prove_silence(self, quiet: Applicants, windows: range) -> None:
        """Watch windows of applicants drawn at random from the quiet ones, each an hour of its own."""
        for window in windows:
            chosen = np.random.default_rng([self._plan.seed, window]).choice(len(quiet), WINDOW, replace=False)
            moments = (50 * _YEAR + 3_600 * _SECOND * window) + _SECOND * np.arange(WINDOW, dtype=np.int64)
            recorded = self._record(quiet.at(chosen).arriving(moments), f"window/{window}")
            with self._observed() as log:
                rings = look(log, self._watched, f"window/{window}", recorded)
            rang, by_rules = ([one.value for one in monitors] for monitors in (rings.report, rings.rules))
            append_result(self._out, QuietResult(window, self._model.version, rang, by_rules))

    def _record(self, applicants: Applicants, caller: str) -> Moments:
        """Record decisions on all whom the API would not refuse; return when they arrived."""
        decided = [place for place, body in enumerate(applicants.bodies()) if is_acceptable(body)]
        applicants = applicants.at(np.array(decided, dtype=np.int64))
        records = make_records(self._model, applicants, caller=caller)
        asyncio.run(record_in_bulk(self._url, self._model.describe(), records))
        return applicants.moments

    @contextmanager
    def _observed(self) -> Iterator[ObservedDecisions]:
        with connect_sync(self._url, application_name="solvent-proof") as connection:
            yield ObservedDecisions(connection)
