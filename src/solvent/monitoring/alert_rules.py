"""Reads the rules that decide what rings: a TOML file, ours or the lender's."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from solvent.domain.alerts import Severity
from solvent.errors import MonitoringError

SHIPPED = "alert_rules.toml"


class Direction(StrEnum):
    """On which side of the limit it rings; the limit itself belongs to both."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When a metric rings.

    `subject` is a pattern as of the shell; the empty one speaks of the whole alone. `days` asks for windows of that
    length, None takes any. With `whole_interval` the 95 % interval must lie beyond the limit, not the figure alone.
    Windows with fewer than `minimum_count` rows do not ring. With `separate` every subject is a cause of its own,
    without it the rule is one cause, whose alert names every subject.
    """

    name: str
    metric: str
    limit: float
    direction: Direction
    severity: Severity
    what_to_do: str
    subject: str = "*"
    days: float | None = None
    minimum_count: int = 1
    cool_down_hours: float = 24.0
    whole_interval: bool = False
    separate: bool = False

    @property
    def cool_down(self) -> timedelta:
        """How long a cause stays silent after it was resolved."""
        return timedelta(hours=self.cool_down_hours)


_REQUIRED = tuple(field.name for field in fields(AlertRule) if field.default is MISSING)
_KNOWN = frozenset(field.name for field in fields(AlertRule))
_TEXTS = ("name", "metric", "what_to_do")


def read_rules(path: Path | None = None) -> tuple[AlertRule, ...]:
    """Read the rules of a file, without one those that are shipped.

    Raises:
        MonitoringError: the file is absent, no TOML, or a rule is not as it must be; the message names rule and key.
    """
    where = SHIPPED if path is None else path.name
    try:
        document = tomllib.loads(shipped_rules() if path is None else path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MonitoringError(
            f"{where} cannot be read: name a file that `solvent alerts rules` could have made"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise MonitoringError(f"{where} is not TOML: {error}") from error
    return _to_rules(document, where)


def shipped_rules() -> str:
    """Return the text of the shipped rules, to start a file of one's own from."""
    return files(__package__).joinpath(SHIPPED).read_text(encoding="utf-8")


def _to_rules(document: Mapping[str, Any], where: str) -> tuple[AlertRule, ...]:
    listed = document.get("rule")
    if set(document) != {"rule"} or not isinstance(listed, list) or not listed:
        raise MonitoringError(f"{where} must hold tables [[rule]] and nothing else: `solvent alerts rules` shows how")
    rules = tuple(_to_rule(values, f"{where}, rule {number}") for number, values in enumerate(listed, start=1))
    names = [rule.name for rule in rules]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise MonitoringError(f"{where} has two rules with the name {double}: rename one")
    return rules


def _to_rule(values: Mapping[str, Any], place: str) -> AlertRule:
    if isinstance(values.get("name"), str):
        place += f" ({values['name']})"
    missing = [name for name in _REQUIRED if name not in values]
    unknown = sorted(set(values) - _KNOWN)
    if missing or unknown:
        faults = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown keys {', '.join(unknown)}"] * bool(
            unknown
        )
        raise MonitoringError(f"{place} {' and '.join(faults)}; the keys are {', '.join(sorted(_KNOWN))}")
    for name, value in values.items():
        if not _fits(name, value):
            raise MonitoringError(f"{place}, key {name}: must be {_WANTED[name]}")
    chosen = {"direction": Direction(values["direction"]), "severity": Severity(values["severity"])}
    return AlertRule(**{**values, **chosen})


def _fits(name: str, value: object) -> bool:
    if name in ("whole_interval", "separate"):
        return isinstance(value, bool)
    if name == "subject":
        return isinstance(value, str)
    if name in _TEXTS:
        return isinstance(value, str) and bool(value.strip()) and "\n" not in value.strip()
    if name in ("direction", "severity"):
        return value in tuple(Direction if name == "direction" else Severity)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return False
    if name == "minimum_count":
        return isinstance(value, int) and value >= 0
    return name == "limit" or value > 0 or (name == "cool_down_hours" and value == 0)


_WANTED = {
    **dict.fromkeys(_TEXTS, "one line of text"),
    "subject": "a text, such as * or EXT_SOURCE_*",
    "limit": "a finite number",
    "days": "a number above 0",
    "cool_down_hours": "a number, 0 or more",
    "minimum_count": "a whole number, 0 or more",
    "direction": f"one of {', '.join(Direction)}",
    "severity": f"one of {', '.join(Severity)}",
    "whole_interval": "true or false",
    "separate": "true or false",
}
