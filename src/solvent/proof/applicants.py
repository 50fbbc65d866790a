"""Draws applicants of the simulated lender and scores them, many at a time, as the service would one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from solvent.bundle.reference import ScoredRows
from solvent.domain.progress import Progress, silent
from solvent.features.ibis_engine import BatchEngine
from solvent.scoring.model import Model
from solvent.tables.reading import open_tables
from solvent.tables.schemas import CLIENT, TARGET
from solvent.world.events.scenarios import Timeline
from solvent.world.making import WorldRequest, make_world


@dataclass(frozen=True)
class Applicants:
    """Applicants in the order of their arrival.

    `moments`: int64 microseconds since 1970, UTC. `applications`: the application table without TARGET. `rows`: what
    the model says of each, histories included.
    """

    moments: npt.NDArray[np.int64]
    applications: pa.Table
    rows: ScoredRows

    def __len__(self) -> int:
        return len(self.moments)

    def at(self, places: npt.NDArray[np.int64]) -> "Applicants":
        """Return those at these places, in this order."""
        return Applicants(self.moments[places], self.applications.take(places), self.rows.rows(places))

    def arriving(self, moments: npt.NDArray[np.int64]) -> "Applicants":
        """Return them at other moments, which must ascend."""
        return Applicants(moments, self.applications, self.rows)

    def bodies(self) -> Iterator[dict[str, Any]]:
        """Yield each application as a request holds it: what is missing is left out."""
        for batch in self.applications.to_batches(max_chunksize=1_000):
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Draw:
    """How many clients of which world."""

    clients: int
    seed: int
    timeline: Timeline


def draw_applicants(model: Model, draw: Draw, folder: Path, *, progress: Progress = silent) -> Applicants:
    """Make a world in `folder`, compute the features of the bundle from its seven tables, and score them."""
    world = WorldRequest(draw.clients, draw.seed, "parquet", force=True, timeline=draw.timeline)
    make_world(folder, world, progress=progress)
    with open_tables(folder) as tables:
        matrix = BatchEngine(model.bundle.program, tables, progress=progress).read_matrix()
    scores = model.score_many(matrix.values)
    rows = ScoredRows(matrix.values, scores, model.bundle.calibration.apply_many(scores))
    truth = pa.parquet.read_table(folder / "truth.parquet", columns=[CLIENT, "applied_at"]).sort_by(CLIENT)
    moments = truth["applied_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return Applicants(moments, _read_applications(folder), rows).at(np.argsort(moments, kind="stable"))


def to_time(microseconds: int) -> datetime:
    """A moment as an aware time."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _read_applications(folder: Path) -> pa.Table:
    parts = [pa.parquet.read_table(folder / f"application_{name}.parquet") for name in ("train", "test")]
    tables = [part.drop_columns([TARGET]) if TARGET in part.column_names else part for part in parts]
    return pa.concat_tables(tables, promote_options="default").sort_by(CLIENT)
