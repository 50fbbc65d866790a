"""Scores every client of a folder of raw tables, with the program, model, calibration and policy of one bundle.

Not for the process that answers requests: this module loads the batch engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from solvent.bundle.calibration import Calibration
from solvent.domain.policy import Decision, Policy
from solvent.domain.progress import Progress, silent
from solvent.features.ibis_engine import BatchEngine
from solvent.scoring.model import Model
from solvent.tables.reading import open_tables
from solvent.tables.schemas import CLIENT, HISTORY_TABLES

CHUNK_CLIENTS = 20_000
"""Clients scored between two reports of progress; their features take 50 MB as float64."""

DecisionTable: TypeAlias = Any
"""A table of Arrow, which ships no types that mypy could check."""
DECISION_SCHEMA = pa.schema(
    [
        (CLIENT, pa.int64()),
        ("probability_default", pa.float64()),
        ("decision", pa.string()),
        ("risk_level", pa.string()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("model_version", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """What was scored: `missing_tables` had no file, so every client counts as one without rows there."""

    clients: int
    refused: int
    model_version: str
    missing_tables: tuple[str, ...]

    @property
    def has_history(self) -> bool:
        """Whether at least one history table was there."""
        return len(self.missing_tables) < len(HISTORY_TABLES)


def score_portfolio(
    model: Model, data: Path, out: Path, *, memory_limit: str | None = None, progress: Progress = silent
) -> PortfolioSummary:
    """Write one row per client of train and test, by client.

    Columns: SK_ID_CURR, probability_default (calibrated, in (0, 1)), decision, risk_level, score (raw, in log-odds),
    threshold, model_version. The file is Parquet if its name ends in .parquet, otherwise CSV; it appears complete or
    not at all. Each client gets what `/predict` answers for the same rows. `memory_limit` is DuckDB's, such as "4GB".

    Raises:
        TablesError: the tables cannot be read.
        BundleError: the model gives a score that is not a number.
        OSError: the file cannot be written.
    """
    with open_tables(data, memory_limit=memory_limit) as tables:
        missing = tuple(name for name in HISTORY_TABLES if name not in tables.present)
        matrix = BatchEngine(model.bundle.program, tables, progress=progress).read_matrix()
    scores = np.concatenate([np.empty(0), *_score_chunks(model, matrix.values, progress)])
    table = decide_table(terms_of(model), matrix.client_ids, scores)
    return finish_portfolio(model, table, out, missing)


def finish_portfolio(model: Model, table: DecisionTable, out: Path, missing: tuple[str, ...]) -> PortfolioSummary:
    """Write the decisions and count them."""
    _write(table, out)
    refused = table["decision"].to_pylist().count(Decision.REFUSE.value)
    return PortfolioSummary(len(table), refused, model.version, missing)


def _score_chunks(
    model: Model, values: npt.NDArray[np.float32], progress: Progress
) -> Iterator[npt.NDArray[np.float64]]:
    for start in range(0, len(values), CHUNK_CLIENTS):
        progress("scoring", start / len(values))
        yield model.score_many(values[start : start + CHUNK_CLIENTS])


@dataclass(frozen=True, slots=True)
class Terms:
    """What turns a score into a decision; it can travel to other processes."""

    calibration: Calibration
    policy: Policy
    version: str


def terms_of(model: Model) -> Terms:
    """The terms of a model's bundle."""
    return Terms(model.bundle.calibration, model.bundle.policy, model.version)


def decide_table(terms: Terms, clients: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> DecisionTable:
    """One row per client with the columns of `DECISION_SCHEMA`."""
    policy, probabilities = terms.policy, terms.calibration.apply_many(scores)
    return pa.table(
        {
            CLIENT: clients,
            "probability_default": probabilities,
            "decision": [policy.decide(probability).value for probability in probabilities.tolist()],
            "risk_level": [policy.risk_level(probability).value for probability in probabilities.tolist()],
            "score": scores,
            "threshold": np.full(len(scores), policy.threshold),
            "model_version": [terms.version] * len(scores),
        },
        schema=DECISION_SCHEMA,
    )


def _write(table: DecisionTable, out: Path) -> None:
    partial = out.with_name(f".{out.name}.partial")
    try:
        if out.suffix == ".parquet":
            pyarrow.parquet.write_table(table, partial, compression="zstd")
        else:
            pyarrow.csv.write_csv(
                table, partial, pyarrow.csv.WriteOptions(quoting_style="needed", quoting_header="none")
            )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
