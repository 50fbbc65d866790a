"""Holds measurements against the rules, and says what rings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from solvent.domain.alerts import Breach
from solvent.domain.measurements import Measurement
from solvent.monitoring.alert_rules import AlertRule, Direction

WINDOW_TOLERANCE = timedelta(hours=1)
"""A window of a number of days may be so much longer or shorter, as over a change of clocks."""

NAMED = 5
"""Subjects, or what a figure counted, that a description names; the alert holds all subjects."""


class State(StrEnum):
    """What a rule says of the measurements it was given."""

    RINGS = "rings"
    SILENT = "silent"
    NOT_ENOUGH_DATA = "not enough data"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule after a look at the measurements: its state, the measurements that it read, and what it broke."""

    rule: AlertRule
    state: State
    read: tuple[Measurement, ...] = ()
    breaches: tuple[Breach, ...] = ()


def judge(rules: Iterable[AlertRule], measurements: Sequence[Measurement]) -> tuple[Verdict, ...]:
    """Hold every rule against the measurements, in the order of the rules.

    Of each subject a rule reads the newest window alone that has enough data: what was wrong months ago and is right
    now does not ring.
    """
    return tuple(_judge_one(rule, measurements) for rule in rules)


def _judge_one(rule: AlertRule, measurements: Sequence[Measurement]) -> Verdict:
    matching = [one for one in measurements if _speaks_of(rule, one)]
    read = tuple(_newest_by_subject(one for one in matching if _has_enough(rule, one)))
    if not read:
        return Verdict(rule, State.NOT_ENOUGH_DATA if matching else State.NOT_MEASURED)
    broken = sorted((one for one in read if _breaks(rule, one)), key=lambda one: _badness(rule, one), reverse=True)
    if not broken:
        return Verdict(rule, State.SILENT, read)
    causes = [[one] for one in broken] if rule.separate else [broken]
    return Verdict(rule, State.RINGS, read, tuple(_to_breach(rule, cause) for cause in causes))


def _speaks_of(rule: AlertRule, one: Measurement) -> bool:
    if one.metric != rule.metric or not fnmatchcase(one.subject, rule.subject):
        return False
    length = one.window.end - one.window.start
    return rule.days is None or abs(length - timedelta(days=rule.days)) <= WINDOW_TOLERANCE


def _has_enough(rule: AlertRule, one: Measurement) -> bool:
    return _figure(rule, one) is not None and one.count >= rule.minimum_count


def _newest_by_subject(measurements: Iterable[Measurement]) -> Iterator[Measurement]:
    newest: dict[str, Measurement] = {}
    for one in measurements:
        known = newest.get(one.subject)
        if known is None or known.window.end < one.window.end:
            newest[one.subject] = one
    yield from newest.values()


def _figure(rule: AlertRule, one: Measurement) -> float | None:
    """The end of the interval that is nearer to the rule's limit, or the figure itself."""
    if not rule.whole_interval:
        return one.value
    return one.low if rule.direction is Direction.ABOVE else one.high


def _badness(rule: AlertRule, one: Measurement) -> float:
    figure = _figure(rule, one)
    if figure is None:
        return float("-inf")
    return figure - rule.limit if rule.direction is Direction.ABOVE else rule.limit - figure


def _breaks(rule: AlertRule, one: Measurement) -> bool:
    return _badness(rule, one) >= 0


def _to_breach(rule: AlertRule, broken: Sequence[Measurement]) -> Breach:
    worst = broken[0]
    value = _figure(rule, worst) if worst.value is None else worst.value
    return Breach(
        rule=rule.name,
        subject=worst.subject if rule.separate else "",
        severity=rule.severity,
        description=_describe(rule, broken),
        what_to_do=rule.what_to_do,
        value=float(value or 0.0),
        limit=rule.limit,
        count=worst.count,
        window=worst.window,
        affected=tuple(one.subject for one in broken if one.subject),
        cool_down=rule.cool_down,
    )


def _describe(rule: AlertRule, broken: Sequence[Measurement]) -> str:
    worst = broken[0]
    of = f" of {worst.subject}" if worst.subject else ""
    interval = (
        "" if worst.low is None or worst.high is None else f" (95 % interval {worst.low:.4g} to {worst.high:.4g})"
    )
    window = f"{worst.window.start:%Y-%m-%d %H:%M} to {worst.window.end:%Y-%m-%d %H:%M} UTC"
    text = f"{rule.metric}{of} is {worst.value:.4g}{interval}, at or {rule.direction} the limit {rule.limit:.4g}, "
    text += f"over {worst.count:,} rows from {window}"
    if worst.counted:
        text += f": {_list_names(worst.counted)}"
    if len(broken) > 1:
        text += f"; also {_list_names([one.subject for one in broken[1:]], NAMED - 1)}"
    return text


def _list_names(names: Sequence[str], limit: int = NAMED) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
