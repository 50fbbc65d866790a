"""What was measured on the real tables, as the judge reads it from `facts/measured.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.world.drawing.marginals import Floats
from solvent.world.drawing.sentinels import MISSING
from solvent.world.published import read_facts

INSTALMENTS = "instalment_"


@dataclass(frozen=True)
class Correlations:
    """Published correlations of normal scores: `values` (k, k), NaN where unknown, and the rows behind each name."""

    names: tuple[str, ...]
    values: Floats
    rows: Floats


@dataclass(frozen=True)
class Measured:
    """The content of the file; `content` is described in `facts/README.md`."""

    content: Mapping[str, Any]

    @property
    def levels(self) -> Floats:
        """Levels of every published list of quantiles, float64 (29,)."""
        return np.asarray(self.content["levels"], dtype=np.float64)

    def rows_behind(self, aggregate: str) -> int:
        """Return how many real clients a published figure per client rests on."""
        group = self.content["client"]
        return int(group["instalment_rows"] if aggregate.startswith(INSTALMENTS) else group["rows"])

    def correlations(self) -> Correlations:
        """Return the correlations of application columns, missing flags, TARGET and client aggregates."""
        part = self.content["correlation"]
        names = (*part["names"], *part["instalments"])
        values = _square(part["lower_thousandths"], len(names))
        for at, name in enumerate(names[len(part["names"]) :], start=len(part["names"])):
            for other, value in part["instalments"][name].items():
                if other in names and value is not None:
                    values[at, names.index(other)] = values[names.index(other), at] = value / 1000
        application, client = self.content["application"], self.content["client"]["columns"]
        rows = [
            self._client(name, client) if name.removesuffix(MISSING) in client else self._shown(name, application)
            for name in names
        ]
        return Correlations(names, values, np.asarray(rows))

    def row_correlations(self, table: str) -> Correlations:
        """Return the correlations of the rows of one history table."""
        part = self.content["tables"][table]["correlation"]
        names = tuple(part["names"])
        rows = np.full(len(names), float(part["rows"]))
        return Correlations(names, _square(part["lower_thousandths"], len(names)), rows)

    def _shown(self, name: str, application: Mapping[str, Any]) -> float:
        column = application["columns"].get(name)
        return float(application["rows"] * (1 - (column["missing"] if column else 0.0)))

    def _client(self, name: str, client: Mapping[str, Any]) -> float:
        return float(self.rows_behind(name) * (1 - (client[name]["missing"] if name in client else 0.0)))


def load_measured() -> Measured:
    """Read the file from the package, about 240 kB of JSON."""
    return Measured(read_facts("measured"))


def _square(lower: Sequence[Sequence[int | None]], size: int) -> Floats:
    values = np.full((size, size), np.nan)
    for row, listed in enumerate(lower):
        for column, value in enumerate(listed):
            if value is not None:
                values[row, column] = values[column, row] = value / 1000
    return values
