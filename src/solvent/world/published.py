"""Reading of the published statistics that ship with this room."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from solvent.world.marginals import Marginal

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

    @property
    def default_rate(self) -> float:
        """Share of applicants that default, of the full labelled table."""
        return float(self.relations["default_rate"])


def load_facts() -> Facts:
    """Read the statistics from the package, about 120 kB of JSON; nothing is cached."""
    marginals = _read("marginals")
    return Facts(
        columns={table: tuple((name, kind) for name, kind in listed) for table, listed in _read("columns").items()},
        application={name: Marginal.from_facts(entry) for name, entry in marginals["application"].items()},
        client={name: Marginal.from_facts(entry) for name, entry in marginals["client"].items()},
        correlation=_read("correlation"),
        relations=_read("relations"),
        histories=_read("histories"),
    )


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (resources.files("solvent.world") / "facts" / f"{name}.json").read_text(encoding="utf-8")
    )
    return content
