"""Runs a feature program over all clients of a folder of raw tables, on DuckDB."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import numpy as np
import numpy.typing as npt

from solvent.domain.progress import Progress, silent
from solvent.errors import FeatureError
from solvent.features.feature_files import FeatureWriter
from solvent.features.ibis_relations import ProgramRelations, Relation
from solvent.features.many_clients import ManyClients
from solvent.features.matrix import FeatureMatrix
from solvent.features.operations import MISSING, Array
from solvent.features.program import CLIENT, Program
from solvent.features.request_engine import ReducedHistory
from solvent.tables.reading import RawTables, check_one_application_each, translated_errors
from solvent.tables.schemas import TARGET

BATCH_CLIENTS = 20_000
"""Clients whose statistics are in memory at a time: 80 MB with 500 of them."""

Clients = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A computed table with rows of clients, and which node's values each of its columns holds."""

    table: str
    nodes: tuple[int, ...]


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
        self._made = 0
        self._steps = _count_steps(program)
        self._relations = ProgramRelations(program, self._backend.table, self._keep)
        self._many = ManyClients(program)
        check_one_application_each(tables)
        with translated_errors():
            applications = self._keep_sorted("reading applications", self._relations.applications(self._many.columns))
            self._applications = _Kept(applications, tuple(self._many.columns))
            self._statistics = [
                _Kept(self._keep_sorted(label, relation), tuple(nodes))
                for label, relation, nodes in self._relations.statistics(program.history_aggregates)
            ]
            self._clients: Clients = self._fetch(applications, (CLIENT,))[CLIENT]

    def write_features(self, out: Path) -> int:
        """Write SK_ID_CURR, TARGET (missing where unknown) and the features to Parquet, by client; return the rows.

        Numbers are float32; a category stands as its text. The file appears complete or not at all.

        Raises:
            FeatureError: the folder of the file does not exist.
        """
        if not out.parent.is_dir():
            raise FeatureError(f"the folder {out.parent} does not exist: make it, or write to another one")
        # One batch is written while the next is computed.
        with FeatureWriter(self._program, out) as writer, ThreadPoolExecutor(max_workers=1) as background:
            written = background.submit(lambda: None)
            for start, clients, target, values in self._batches():
                self._progress("writing features", start / len(self._clients))
                written.result()
                written = background.submit(writer.write, clients, target, values)
            written.result()
        return len(self._clients)

    def read_matrix(self) -> FeatureMatrix:
        """Compute all features into memory, rounded to float32."""
        clients, target, values = self._read(np.empty((len(self._clients), len(self._program.features)), np.float32))
        return FeatureMatrix(clients, values, target.astype(np.float32), self._program)

    def read_values(self) -> tuple[Clients, Array]:
        """Clients, and features before rounding: float64 of shape (clients, features). For comparing engines."""
        clients, _, values = self._read(np.empty((len(self._clients), len(self._program.features))))
        return clients, values

    def read_histories(self, *, chunk: int = 10_000) -> Iterator[tuple[int, ReducedHistory]]:
        """Reduce the history of every client, as the request engine would; fetched in batches of `chunk` clients."""
        bound = self._program.application_bound
        free = [node for node in self._program.history_aggregates if node not in bound]
        kept = self._keep_leaves(bound)
        for start in range(0, len(self._clients), chunk):
            clients = self._clients[start : start + chunk]
            statistics = self._read_statistics(clients)
            numbers = np.stack([statistics[node] for node in free], axis=1) if free else np.empty((len(clients), 0))
            rows = [(table, self._read_leaves(table, clients)) for table in kept]
            for place, client in enumerate(clients.tolist()):
                own = {
                    node: column[starts[place] : starts[place + 1]].tolist()
                    for table, (starts, columns) in rows
                    for node, column in zip(table.nodes, columns, strict=True)
                }
                yield client, ReducedHistory(dict(zip(free, numbers[place].tolist(), strict=True)), own)

    def _keep_leaves(self, bound: frozenset[int]) -> list[_Kept]:
        """Keep the raw columns that the statistics bound to the application need, table by table."""
        leaves: dict[str, list[int]] = {}
        for node in self._program.needed_by(n for n in self._program.history_aggregates if n in bound):
            if self._program.is_row_leaf(node):
                leaves.setdefault(self._program.nodes[node].level.table, []).append(node)
        with translated_errors():
            return [self._keep_rows(table, nodes) for table, nodes in leaves.items()]

    def _keep_rows(self, table: str, nodes: list[int]) -> _Kept:
        rows = self._keep_sorted(f"reading rows of {table}", self._relations.leaves(table, nodes))
        return _Kept(rows, tuple(nodes))

    def _read_leaves(self, kept: _Kept, clients: Clients) -> tuple[list[int], list[Array]]:
        """Where the rows of each client begin and end, and the columns of all of them."""
        rows = self._fetch(kept.table, between=clients)
        starts = np.searchsorted(rows[CLIENT], [*clients.tolist(), clients[-1] + 1])
        return starts.tolist(), [rows[f"n{node}"] for node in kept.nodes]

    def _batches(self) -> Iterator[tuple[int, Clients, Array, Array]]:
        """Features of the clients in batches, in order of the clients: where it starts, clients, TARGET, values."""
        for start in range(0, len(self._clients), BATCH_CLIENTS):
            clients = self._clients[start : start + BATCH_CLIENTS]
            given = self._read_statistics(clients)
            applications = self._fetch(self._applications.table, between=clients)
            given |= {node: applications[f"n{node}"] for node in self._applications.nodes}
            yield start, clients, applications[TARGET], self._many.evaluate(given, len(clients))

    def _read_statistics(self, clients: Clients) -> dict[int, Array]:
        """Each statistic over histories for these clients, NaN for those without rows."""
        found: dict[int, Array] = {}
        for kept in self._statistics:
            rows = self._fetch(kept.table, between=clients)
            places = np.searchsorted(clients, rows[CLIENT])
            known = clients[np.minimum(places, len(clients) - 1)] == rows[CLIENT]
            for node in kept.nodes:
                found[node] = np.full(len(clients), MISSING)
                found[node][places[known]] = rows[f"n{node}"][known]
        return found

    def _read(self, values: npt.NDArray[Any]) -> tuple[Clients, Array, npt.NDArray[Any]]:
        target = np.empty(len(self._clients))
        for start, clients, known, features in self._batches():
            target[start : start + len(clients)] = known
            values[start : start + len(clients)] = features
        return self._clients, target, values

    def _fetch(self, table: str, columns: tuple[str, ...] = ("*",), *, between: Clients | None = None) -> Columns:
        """Columns of a sorted table by name; numbers are float64 with NaN where missing, clients are integers."""
        within = "" if between is None else f"WHERE {CLIENT} BETWEEN {between[0]:d} AND {between[-1]:d}"
        query = f"SELECT {', '.join(columns)} FROM {table} {within}"  # noqa: S608 - names of ours
        with translated_errors():
            fetched = self._connection.execute(query).fetchnumpy()
        return {
            name: np.ma.getdata(values) if name == CLIENT else np.ma.filled(values, MISSING)
            for name, values in fetched.items()
        }

    def _keep_sorted(self, label: str, relation: Relation) -> str:
        """Compute a relation with rows of clients; by client, so that a batch of them is read from one place."""
        name: str = self._keep(label, relation.order_by(CLIENT)).get_name()
        return name

    def _keep(self, label: str, relation: Relation) -> Relation:
        self._progress(label, min(self._made / self._steps, 1.0))
        self._made += 1
        return self._backend.create_table(f"solvent_{uuid4().hex}", relation, temp=True)


def _count_steps(program: Program) -> int:
    """How many relations are kept: one per level that clients are aggregated from, one per kind of group, one more."""
    levels = {program.nodes[program.nodes[node].of[0]].level for node in program.history_aggregates}
    groups = {node.level for node in program.nodes if node.op == "aggregate" and node.level.per}
    return len(levels) + len(groups) + 1
