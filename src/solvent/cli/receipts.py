"""Remembers which steps of the demo are complete, and for which facts, across runs that may be killed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Facts = Mapping[str, str | int]


@dataclass(frozen=True)
class Receipts:
    """One small file per step, written after its work and removed before it: a killed step has none."""

    folder: Path

    def read(self, step: str) -> Facts | None:
        """The facts that the step was completed for; None if it never was, or its file is damaged."""
        try:
            facts = json.loads(self._file(step).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return facts if isinstance(facts, dict) else None

    def write(self, step: str, facts: Facts) -> None:
        """Note that the step is complete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self._file(step).with_suffix(".new")
        fresh.write_text(json.dumps(facts))
        fresh.replace(self._file(step))

    def remove(self, step: str) -> None:
        """Note that the step is to be done again."""
        self._file(step).unlink(missing_ok=True)

    def _file(self, step: str) -> Path:
        return self.folder / f"{step}.json"
