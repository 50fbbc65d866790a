"""Lines of results: appended as they come, so that a proof that was stopped goes on where it was, and summed up."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from solvent.world.events.scenarios import SCENARIOS, Monitor, Scenario


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What rang within `planted` decisions after a scenario began: monitor to delay in decisions.

    `delays` are by the verdict of the drift report, `rules` by the shipped alert rules; None in lines from before these
    were judged.
    """

    scenario: str
    repetition: int
    model: str
    planted: int
    delays: dict[str, int]
    rules: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class VolumeResult:
    """Weeks of a scenario's stream whose volume could be judged, and those that rang."""

    scenario: str
    model: str
    weeks: int
    rang: int


@dataclass(frozen=True, slots=True)
class QuietResult:
    """What rang in one quiet window, by the report and by the rules, as in `TrialResult`."""

    window: int
    model: str
    rang: list[str]
    rules: list[str] | None = None


Result = TrialResult | VolumeResult | QuietResult
_KINDS = {kind.__name__: kind for kind in (TrialResult, VolumeResult, QuietResult)}


def append_result(path: Path, result: Result) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": type(result).__name__, **asdict(result)}) + "\n")


def read_results(path: Path, model: str) -> list[Result]:
    """Read the lines of one model; a file that is not there has none."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [_KINDS[line.pop("kind")](**line) for line in lines if line["model"] == model]


def judged_by_rules(results: Iterable[Result]) -> list[Result]:
    """The trials and quiet windows that the alert rules judged, with what these said in place of the report."""
    judged: list[Result] = []
    for one in results:
        if isinstance(one, TrialResult) and one.rules is not None:
            judged.append(replace(one, delays=one.rules))
        elif isinstance(one, QuietResult) and one.rules is not None:
            judged.append(replace(one, rang=one.rules))
    return judged


@dataclass(frozen=True, slots=True)
class Cell:
    """How often a monitor rang in a scenario, of so many trials, and after how many decisions in the median."""

    monitor: str
    expected: str
    rang: int
    trials: int
    median_delay: float | None


def sum_up(results: Iterable[Result], scenario: Scenario, monitors: Sequence[Monitor]) -> list[Cell]:
    """Return a cell for each monitor; `expected` is "must", "may" or "not"."""
    trials = [one for one in results if isinstance(one, TrialResult) and one.scenario == scenario.name]
    return [_cell(trials, scenario, monitor) for monitor in monitors]


def _cell(trials: list[TrialResult], scenario: Scenario, monitor: Monitor) -> Cell:
    delays = [trial.delays[monitor.value] for trial in trials if monitor.value in trial.delays]
    expected = "must" if monitor in scenario.rings else "may" if monitor in scenario.may_ring else "not"
    return Cell(monitor.value, expected, len(delays), len(trials), median(delays) if delays else None)


def render_table(results: Sequence[Result], monitors: Sequence[Monitor]) -> Iterator[str]:
    """Yield the lines of the table: scenarios by monitors, then volumes and quiet windows; then what the rules say."""
    yield from _render_judge("", results, monitors)
    by_rules = judged_by_rules(results)
    if by_rules:
        yield from _render_judge("by alert rules", by_rules, monitors)


def _render_judge(judge: str, results: Sequence[Result], monitors: Sequence[Monitor]) -> Iterator[str]:
    yield f"{judge:16} " + " ".join(f"{monitor.value:>20}" for monitor in monitors)
    for scenario in SCENARIOS.values():
        cells = sum_up(results, scenario, monitors)
        if cells and cells[0].trials:
            yield f"{scenario.name:16} " + " ".join(f"{_render(cell):>20}" for cell in cells)
    for one in results:
        if isinstance(one, VolumeResult):
            yield f"{one.scenario:16} volume rang in {one.rang} of {one.weeks} weeks"
    quiet = [one for one in results if isinstance(one, QuietResult)]
    if quiet:
        rang = sum(bool(one.rang) for one in quiet)
        yield f"quiet windows    {rang} of {len(quiet)} rang ({rang / len(quiet):.2%})"


def find_faults(results: Sequence[Result], monitors: Sequence[Monitor], *, detection: float, false: float) -> list[str]:
    """Name every cell that misses its goal: a monitor that must ring too seldom, or that must not too often.

    The alert rules are held to the same goals where they judged. Without any trial, or without any quiet window, that
    is a fault, too.
    """
    faults = _find_faults(results, monitors, detection, false)
    by_rules = judged_by_rules(results)
    if by_rules:
        faults += [f"by the alert rules, {fault}" for fault in _find_faults(by_rules, monitors, detection, false)]
    return faults


def _find_faults(results: Sequence[Result], monitors: Sequence[Monitor], detection: float, false: float) -> list[str]:
    faults = [
        f"there is no {what}: nothing is proven by it"
        for what, kind in (("trial", TrialResult), ("quiet window", QuietResult))
        if not any(isinstance(one, kind) for one in results)
    ]
    for scenario in SCENARIOS.values():
        for cell in sum_up(results, scenario, monitors):
            rate = cell.rang / cell.trials if cell.trials else None
            if rate is not None and cell.expected == "must" and rate < detection:
                faults.append(f"{scenario.name}: {cell.monitor} rang in {rate:.0%} of the trials")
            if rate is not None and cell.expected == "not" and rate > false:
                faults.append(f"{scenario.name}: {cell.monitor} rang in {rate:.0%} of the trials, and should not")
    faults += [
        f"{one.scenario}: the volume rang in {one.rang} of {one.weeks} weeks, and should not"
        for one in results
        if isinstance(one, VolumeResult) and one.rang
    ]
    quiet = [one for one in results if isinstance(one, QuietResult)]
    rang = sum(bool(one.rang) for one in quiet)
    if quiet and rang / len(quiet) > false:
        faults.append(f"{rang} of {len(quiet)} quiet windows rang")
    return faults


def _render(cell: Cell) -> str:
    mark = {"must": "*", "may": "+", "not": " "}[cell.expected]
    if not cell.rang or cell.median_delay is None:
        return f"0/{cell.trials}{mark}"
    return f"{cell.rang}/{cell.trials}{mark} {cell.median_delay:,.0f}"
