"""A part of the decisions, watched apart: those of one caller, or those with one category of a feature."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from solvent.bundle.reference import ScoredRows
from solvent.domain.observations import LogColumn
from solvent.errors import MonitoringError
from solvent.features.program import Program


@dataclass(frozen=True, slots=True)
class Segment:
    """Decisions with `value` in a column of the log, or, without a column, in the feature `name`."""

    name: str
    value: str
    column: LogColumn | None = None
    position: int = 0
    code: int = 0

    def __str__(self) -> str:
        return f"{self.name}={self.value}"

    def select(self, parts: Iterable[ScoredRows]) -> Iterator[ScoredRows]:
        """Keep the rows of a feature's category; for a column of the log, the log has chosen them already."""
        for part in parts:
            yield part if self.column is not None else part.rows(part.values[:, self.position] == self.code)


def find_segment(text: str, program: Program) -> Segment:
    """Read `NAME=VALUE`.

    Raises:
        MonitoringError: there is no such column or feature, or no such category.
    """
    name, separator, value = text.partition("=")
    if name in list(LogColumn) and separator:
        return Segment(name, value, LogColumn(name))
    for position, feature in enumerate(program.features):
        if feature.name == name and feature.categories:
            if value not in feature.categories:
                raise MonitoringError(f"{name} has no such category: choose one of {', '.join(feature.categories)}")
            return Segment(name, value, position=position, code=feature.categories.index(value))
    choices = [*LogColumn, *(feature.name for feature in program.features if feature.categories)]
    raise MonitoringError(f"a segment is NAME=VALUE, where NAME is one of {', '.join(choices)}")
