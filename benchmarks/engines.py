"""Compares the two feature engines client by client: DuckDB over a folder of tables, numpy over one client's rows.

    python benchmarks/engines.py --data DIR [--clients 2000]

Prints how many values differ in their missing pattern, in their float32 bits, and the largest relative difference in
float64; then the same for histories stored by DuckDB and used by the request engine; then the time per client.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.program import CLIENT, CLIENT_LINKS
from solvent.features.request_engine import RequestEngine
from solvent.tables.reading import RawTables, open_tables
from solvent.tables.schemas import APPLICATION, HISTORY_TABLES

Rows = list[dict[str, Any]]


@dataclass
class Difference:
    """Differences between two engines, added up over clients."""

    values: int = 0
    missing: int = 0
    bits: int = 0
    largest_relative: float = 0.0

    def add(self, one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> None:
        """Compare two feature vectors in float64 and after rounding to float32."""
        missing = np.isnan(one) != np.isnan(other)
        both = ~np.isnan(one) & ~np.isnan(other)
        left, right = one[both], other[both]
        scale = np.maximum(np.abs(left), np.abs(right))
        relative = np.divide(np.abs(left - right), scale, out=np.zeros_like(scale), where=scale > 0)
        self.values += one.size
        self.missing += int(missing.sum())
        self.bits += int((left.astype(np.float32) != right.astype(np.float32)).sum())
        self.largest_relative = max(self.largest_relative, float(relative.max(initial=0.0)))

    def describe(self) -> str:
        """One line of figures."""
        return (
            f"{self.values} values, missing pattern differs in {self.missing}, float32 bits differ in {self.bits}, "
            f"largest relative difference {self.largest_relative:.2g}"
        )


def read_clients(tables: RawTables, clients: npt.NDArray[np.int64]) -> Iterator[tuple[dict[str, Any], dict[str, Rows]]]:
    """Each client's application and history rows, as a request would hold them."""
    wanted = ", ".join(map(str, clients.tolist()))
    by_table: dict[str, dict[int, Rows]] = {}
    for name in (APPLICATION, *HISTORY_TABLES):
        source, condition = f'"{name}"', f"{CLIENT} IN ({wanted})"
        if name in CLIENT_LINKS:
            parent, key = CLIENT_LINKS[name]
            source = f'(SELECT DISTINCT {CLIENT}, {key} FROM "{parent}") JOIN "{name}" USING ({key})'
        query = f"SELECT * FROM {source} WHERE {condition}"
        by_table[name] = _read_rows(tables, query, drop_client=name in CLIENT_LINKS)
    for client in clients.tolist():
        yield by_table[APPLICATION][client][0], {name: by_table[name].get(client, []) for name in HISTORY_TABLES}


def _read_rows(tables: RawTables, query: str, *, drop_client: bool) -> dict[int, Rows]:
    cursor = tables.connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    by_client: dict[int, Rows] = {}
    while batch := cursor.fetchmany(10_000):
        for values in batch:
            row = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            client = row.pop(CLIENT) if drop_client else row[CLIENT]
            by_client.setdefault(client, []).append(row)
    return by_client


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the seven raw tables")
    parser.add_argument("--clients", type=int, default=2000, help="how many clients to compare, the first by id")
    arguments = parser.parse_args()

    program = build_program(FORBIDDEN_COLUMNS)
    engine = RequestEngine(program)
    with open_tables(arguments.data) as tables:
        batch = BatchEngine(program, tables)
        clients, values = batch.read_values()
        stored = dict(batch.read_histories())
        clients = clients[: arguments.clients]
        gc.freeze()  # else each client's time holds a walk through the stored histories of all
        from_rows, from_store, seconds = Difference(), Difference(), []
        for position, (application, history) in enumerate(read_clients(tables, clients)):
            started = time.perf_counter()
            features = engine.evaluate(application, engine.reduce_history(history))
            seconds.append(time.perf_counter() - started)
            from_rows.add(features, values[position])
            from_store.add(features, engine.evaluate(application, stored[int(clients[position])]))
    print(f"{len(program.features)} features, {len(clients)} clients")
    print(f"rows of the request against DuckDB:      {from_rows.describe()}")
    print(f"rows of the request against the store:   {from_store.describe()}")
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    print(f"request engine per client with its history: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


if __name__ == "__main__":
    main()
