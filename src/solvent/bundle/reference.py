"""What normal is: bins and shares of each feature and score, and a sample of scored rows, for monitoring."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.errors import BundleError
from solvent.features.program import APPLICATION, Feature, Program

REFERENCE_ROWS = 5_000
"""Rows in the sample: Evidently needs 9 s for 120 columns of 10,000 reference and 5,000 current rows."""
SCORE = "score"
PROBABILITY = "probability_default"
_ORDER, _SHUFFLED = b"solvent.columns", b"shuffled"
_DAMAGED = "reference.parquet holds no rows of this program: train the bundle again"
_DECILES = np.arange(1, 10) / 10

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoredRows:
    """Feature values of shape (rows, features) in the order of a program, with scores and probabilities of (rows,)."""

    values: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def rows(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "ScoredRows":
        """Return those that are chosen: by a flag for each, or by their places."""
        return ScoredRows(self.values[chosen], self.scores[chosen], self.probabilities[chosen])

    def joined(self, other: "ScoredRows") -> "ScoredRows":
        """Return these rows, then the others."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("values", "scores", "probabilities"))
        return ScoredRows(*(np.concatenate(pair) for pair in pairs))


def build_profile(program: Program, rows: ScoredRows, *, importances: Mapping[str, float]) -> dict[str, Any]:
    """Describe rows: `{"rows", "thin_files", "features": {name: bins}, "score": bins, "probability_default": bins}`.

    The bins of a number are `{"edges", "shares", "missing"}`: share i counts the values above edge i-1 and up to edge
    i, the first and last bins are open, the edges are those deciles of the rows that differ. The bins of a category
    are `{"categories", "shares", "missing"}`. Shares and missing sum to 1. Each feature has its `"importance"` too, its
    share of the model's gain. `thin_files` is the share of `find_thin_files`.
    """
    columns = zip(program.features, rows.values.T, strict=True)
    return {
        "rows": len(rows.scores),
        "thin_files": float(find_thin_files(program, rows.values).mean()) if len(rows.values) else 0.0,
        "features": {
            feature.name: _describe(feature, column) | {"importance": importances[feature.name]}
            for feature, column in columns
        },
        SCORE: _describe_number(rows.scores),
        PROBABILITY: _describe_number(rows.probabilities),
    }


def find_thin_files(program: Program, values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell for each row whether every feature that reads history tables alone is missing: (rows, features) to (rows,).

    A program without such features has no thin files.
    """
    prefix = f"{APPLICATION}."
    reads_history = [
        bool(feature.sources) and not any(source.startswith(prefix) for source in feature.sources)
        for feature in program.features
    ]
    if not any(reads_history):
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(np.isnan(values[:, reads_history]).all(axis=1))


def measure_shares(values: Floats, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Share of all values, missing ones included, that falls into each of the bins between ascending edges."""
    present = values[~np.isnan(values)].astype(np.float64)
    counts = np.bincount(np.searchsorted(edges, present), minlength=len(edges) + 1)
    return counts / max(1, len(values))


def render_reference(
    program: Program, rows: ScoredRows, *, seed: int, limit: int = REFERENCE_ROWS, shuffled: bool = False
) -> bytes:
    """Render a seeded sample of rows as Parquet: features (categories as text), score and probability_default.

    The rows carry no client, and stand in their former order. With `shuffled` each column is put into an order of its
    own, and the file says so: every column is distributed as before, and no row is anybody's.
    """
    import pyarrow  # noqa: PLC0415 - training has it, serving does not
    import pyarrow.parquet  # noqa: PLC0415

    size = len(rows.scores)
    generator = np.random.default_rng(seed)
    keep = np.sort(generator.choice(size, min(size, limit), replace=False))
    values = zip(program.features, rows.values[keep].T, strict=True)
    columns = {feature.name: to_texts(feature, column) for feature, column in values}
    columns |= {SCORE: rows.scores[keep], PROBABILITY: rows.probabilities[keep]}
    if shuffled:
        columns = {name: generator.permutation(column) for name, column in columns.items()}
    arrays = {name: pyarrow.array(column, from_pandas=True) for name, column in columns.items()}
    table = pyarrow.table(arrays, metadata={_ORDER: _SHUFFLED} if shuffled else None)
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def has_whole_rows(content: bytes) -> bool:
    """Tell whether the values of a row belong together in what `render_reference` wrote; raises BundleError."""
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    try:
        return (pyarrow.parquet.read_schema(io.BytesIO(content)).metadata or {}).get(_ORDER) != _SHUFFLED
    except pyarrow.ArrowException as error:
        raise BundleError(_DAMAGED) from error


def read_reference(content: bytes, program: Program) -> ScoredRows:
    """Read back what `render_reference` wrote.

    Raises:
        BundleError: it is something else, or of another program.
    """
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        values = [_to_numbers(feature, table[feature.name].to_pylist()) for feature in program.features]
        return ScoredRows(np.column_stack(values), table[SCORE].to_numpy(), table[PROBABILITY].to_numpy())
    except (pyarrow.ArrowException, KeyError, ValueError) as error:
        raise BundleError(_DAMAGED) from error


def _to_numbers(feature: Feature, column: list[Any]) -> npt.NDArray[np.float32]:
    if feature.categories:
        column = [None if value is None else feature.categories.index(value) for value in column]
    return np.array(column, dtype=np.float32)


def _describe(feature: Feature, column: npt.NDArray[np.float32]) -> dict[str, Any]:
    if not feature.categories:
        return _describe_number(column)
    edges = np.arange(len(feature.categories) - 1, dtype=np.float64)
    return {"categories": feature.categories, "shares": measure_shares(column, edges), "missing": _missing(column)}


def _describe_number(values: Floats) -> dict[str, Any]:
    present = values[~np.isnan(values)].astype(np.float64)
    edges = np.unique(np.quantile(present, _DECILES, method="inverted_cdf")) if present.size else np.empty(0)
    return {"edges": edges, "shares": measure_shares(values, edges), "missing": _missing(values)}


def _missing(values: Floats) -> float:
    return float(np.isnan(values).mean()) if values.size else 0.0


def to_texts(feature: Feature, column: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Return a column as people read it: a category as its text or None, a number as it is."""
    if not feature.categories:
        return column
    codes = np.where(np.isnan(column), len(feature.categories), column).astype(np.intp)
    return np.array([*feature.categories, None], dtype=object)[codes]
