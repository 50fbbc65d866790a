"""Runs a feature program over all clients of a folder of raw tables, on DuckDB."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import numpy as np
import numpy.typing as npt

from solvent.domain.progress import Progress, silent
from solvent.errors import FeatureError, TablesError
from solvent.features.ibis_operations import Column, only_where
from solvent.features.ibis_relations import ProgramRelations, Relation
from solvent.features.matrix import FeatureMatrix
from solvent.features.operations import FLOAT32_MAX, MISSING
from solvent.features.program import CLIENT, Feature, Program
from solvent.features.request_engine import ReducedHistory
from solvent.tables.reading import RawTables, translated_errors
from solvent.tables.schemas import TARGET


class BatchEngine:
    """A feature program over one open folder of raw tables.

    Raises:
        TablesError: a table cannot be read, or a client has two applications.
    """

    def __init__(self, program: Program, tables: RawTables, *, progress: Progress = silent) -> None:
        self._program = program
        self._connection = tables.connection
        self._backend = ibis.duckdb.from_connection(tables.connection)
        self._progress = progress
        self._kept = 0
        self._steps = _count_steps(program)
        self._relations = ProgramRelations(program, self._backend.table, self._keep)
        _check_clients(tables)
        with translated_errors():
            self._clients = self._relations.clients()

    def write_features(self, out: Path) -> int:
        """Write SK_ID_CURR, TARGET (missing where unknown) and the features to Parquet, by client; return the rows.

        Numbers are float32; a category stands as its text. The file appears complete or not at all.

        Raises:
            FeatureError: the folder of the file does not exist.
        """
        if not out.parent.is_dir():
            raise FeatureError(f"the folder {out.parent} does not exist: make it, or write to another one")
        partial = out.with_name(f".{out.name}.partial")
        query = self._sql(self._select(lambda feature: self._text_or_number(feature, "float32")))
        copy = f"COPY ({query}) TO ? (FORMAT parquet, COMPRESSION zstd)"
        try:
            with translated_errors():
                (rows,) = self._connection.execute(copy, [str(partial)]).fetchone()
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
        return int(rows)

    def read_matrix(self) -> FeatureMatrix:
        """Compute all features into memory, rounded to float32."""
        clients, target, values = self._read("float32")
        return FeatureMatrix(clients, values, target.astype(np.float32), self._program)

    def read_values(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Clients, and features before rounding: float64 of shape (clients, features). For comparing engines."""
        clients, _, values = self._read("float64")
        return clients, values

    def read_histories(self, *, chunk: int = 10_000) -> Iterator[tuple[int, ReducedHistory]]:
        """Reduce the history of every client, as the request engine would; fetched in batches of `chunk` clients."""
        bound = self._program.application_bound
        free = [node for node in self._program.history_aggregates if node not in bound]
        columns = {f"n{node}": self._relations.number(node, self._clients) for node in free}
        relation, leaves = self._with_leaves(self._clients.relation.select(CLIENT, **columns), bound)
        with translated_errors():
            fetched = self._connection.execute(self._sql(relation))
            while batch := fetched.fetchmany(chunk):
                for row in batch:
                    yield int(row[0]), _read_history(row[1:], free, leaves)

    def _with_leaves(self, relation: Relation, bound: frozenset[int]) -> tuple[Relation, dict[str, list[int]]]:
        """Add a list of rows per table, with the raw columns that the statistics bound to the application need."""
        leaves: dict[str, list[int]] = {}
        for node in self._program.needed_by(n for n in self._program.history_aggregates if n in bound):
            if self._program.is_row_leaf(node):
                leaves.setdefault(self._program.nodes[node].level.table, []).append(node)
        for table, nodes in leaves.items():
            rows = self._relations.leaves(table, nodes).rename({f"rows_{table}": "rows"})
            relation = relation.left_join(rows, CLIENT).drop(f"{CLIENT}_right")
        return relation, leaves

    def _keep(self, label: str, relation: Relation) -> Relation:
        self._progress(f"aggregating {label}", self._kept / self._steps)
        self._kept += 1
        return self._backend.create_table(f"solvent_{uuid4().hex}", relation, temp=True)

    def _read(self, number: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[Any]]:
        query = self._sql(self._select(lambda feature: self._number(feature, number)))
        with translated_errors():
            columns = self._connection.execute(query).fetchnumpy()
        clients, target = columns.pop(CLIENT), columns.pop(TARGET)
        values = np.empty((len(clients), len(columns)), dtype=number)
        for position, name in enumerate(self._program.names):
            values[:, position] = np.ma.filled(columns.pop(name), np.nan)
        return np.ma.getdata(clients), np.ma.filled(target, np.nan), values

    def _sql(self, relation: Relation) -> str:
        return str(self._backend.compile(relation))

    def _select(self, column_of: Callable[[Feature], Column]) -> Relation:
        relation = self._clients.relation
        columns = {feature.name: column_of(feature) for feature in self._program.features}
        return relation.select(CLIENT, TARGET, **columns).order_by(CLIENT)

    def _number(self, feature: Feature, number: str) -> Column:
        value = self._relations.number(feature.node, self._clients)
        return value.cast(number) if feature.categories else _finite(value).cast(number)

    def _text_or_number(self, feature: Feature, number: str) -> Column:
        if feature.categories:
            return self._relations.value(feature.node, self._clients)
        return self._number(feature, number)


def _count_steps(program: Program) -> int:
    """How many relations are kept: one per level that clients are aggregated from, one per kind of group, one more."""
    levels = {program.nodes[program.nodes[node].of[0]].level for node in program.history_aggregates}
    groups = {node.level for node in program.nodes if node.op == "aggregate" and node.level.per}
    return len(levels) + len(groups) + 1


def _check_clients(tables: RawTables) -> None:
    """Raise TablesError if a client has two applications: which one counts is not ours to choose."""
    query = f"SELECT count({CLIENT}) - count(DISTINCT {CLIENT}) FROM application"  # noqa: S608
    with translated_errors():
        (row,) = tables.connection.execute(query).fetchall()
    if row[0]:
        raise TablesError(f"application: {row[0]} rows repeat a client (see `solvent data check`): keep one of each")


def _finite(value: Column) -> Column:
    return only_where(value.abs() <= FLOAT32_MAX, value)


def _read_history(row: tuple[Any, ...], free: list[int], leaves: dict[str, list[int]]) -> ReducedHistory:
    numbers = (MISSING if value is None else value for value in row)
    aggregates = dict(zip(free, numbers, strict=False))
    rows = {
        node: np.array([fields[f"n{node}"] for fields in listed or ()], dtype=np.float64)
        for listed, nodes in zip(row[len(free) :], leaves.values(), strict=True)
        for node in nodes
    }
    return ReducedHistory(aggregates, rows)
