"""Reading of the published statistics that ship with this room."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from solvent.world.drawing.marginals import Marginal

INTEGER, NUMBER, TEXT = "integer", "number", "text"


@dataclass(frozen=True)
class Facts:
    """What is known of the real tables; see `facts/README.md` for what was measured on what."""

    columns: Mapping[str, tuple[tuple[str, str], ...]]
    application: Mapping[str, Marginal]
    client: Mapping[str, Marginal]
    correlation: Mapping[str, Any]
    relations: Mapping[str, Any]
    histories: Mapping[str, Any]
    history_assumptions: Mapping[str, Any]
    sample: Mapping[str, Any]

    @property
    def default_rate(self) -> float:
        """Share of applicants that default, of the full labelled table."""
        return float(self.relations["default_rate"])

    def correlation_of(self, left: str, right: str) -> float:
        """Return the published correlation of two columns; KeyError if it is not known."""
        names: list[str] = self.correlation["names"]
        row, column = sorted((names.index(left), names.index(right)), reverse=True)
        thousandths = self.correlation["lower_thousandths"][row][column]
        if thousandths is None:
            raise KeyError(f"the correlation of {left} and {right} is not published")
        return float(thousandths) / 1000

    def joint_share(self, left: str, right: str) -> float:
        """Return the share of applications in which two columns of two values both show their second one."""
        first, second = (float(self.application[name].visible_mass[1]) for name in (left, right))
        spread = math.sqrt(first * (1 - first) * second * (1 - second))
        return first * second + self.correlation_of(left, right) * spread


def load_facts() -> Facts:
    """Read the statistics from the package, about 120 kB of JSON; nothing is cached."""
    marginals = read_facts("marginals")
    return Facts(
        columns={
            table: tuple((name, kind) for name, kind in listed) for table, listed in read_facts("columns").items()
        },
        application={name: Marginal.from_facts(entry) for name, entry in marginals["application"].items()},
        client={name: Marginal.from_facts(entry) for name, entry in marginals["client"].items()},
        correlation=read_facts("correlation"),
        relations=read_facts("relations"),
        histories=read_facts("histories"),
        history_assumptions=read_facts("history_assumptions"),
        sample=read_facts("sample_shares"),
    )


def read_facts(name: str) -> dict[str, Any]:
    """Read one file of `facts/`."""
    content: dict[str, Any] = json.loads(
        (resources.files("solvent.world") / "facts" / f"{name}.json").read_text(encoding="utf-8")
    )
    return content
