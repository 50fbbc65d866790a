"""Compares Spark with DuckDB over all clients of a folder of tables: the same values, and the time of both.

    solvent world make --out DIR --clients 50000
    python benchmarks/spark_engine.py --data DIR [--master 'local[2]'] [--memory 4g]

Prints how many values differ in their missing pattern, in their float32 bits, and the largest relative difference in
float64, before rounding; then the seconds of each engine until all values are in memory. A Spark session is started
before the clock.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines import Difference
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.ibis_engine import BatchEngine
from solvent.features.program import CLIENT, Program
from solvent.features.spark_engine import SparkEngine, open_session
from solvent.tables.reading import RawTables, open_tables

Clients = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def read_from_spark(program: Program, tables: RawTables, *, master: str, memory: str) -> tuple[Clients, Floats, float]:
    """Return clients, float64 features of shape (clients, features), and the seconds that they took."""
    schema = pa.schema([(CLIENT, pa.int64()), *((name, pa.float64()) for name in program.names)])

    def to_table(clients: Clients, _target: Floats, values: Floats) -> Any:  # noqa: ANN401 - a table of pyarrow
        return pa.Table.from_arrays([pa.array(clients), *(pa.array(column) for column in values.T)], schema=schema)

    with open_session(master, memory=memory) as session:
        started = time.perf_counter()
        table = SparkEngine(program, tables, session).collect(to_table, schema)
        seconds = time.perf_counter() - started
    values = np.column_stack([table[name].to_numpy() for name in program.names])
    return table[CLIENT].to_numpy(), values, seconds


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the seven raw tables")
    parser.add_argument("--master", default="local[2]", help="Spark master")
    parser.add_argument("--memory", default="4g", help="memory of Spark's driver")
    arguments = parser.parse_args()

    program = build_program(FORBIDDEN_COLUMNS)
    with open_tables(arguments.data) as tables:
        started = time.perf_counter()
        clients, expected = BatchEngine(program, tables).read_values()
        on_duckdb = time.perf_counter() - started
        print(f"{len(clients)} clients, {len(program.features)} features; DuckDB: {on_duckdb:.1f} s", flush=True)
        found_clients, found, on_spark = read_from_spark(
            program, tables, master=arguments.master, memory=arguments.memory
        )
    if not np.array_equal(clients, found_clients):
        raise SystemExit("the engines differ in their clients")
    difference = Difference()
    difference.add(expected, found)
    print(f"Spark on {arguments.master}: {on_spark:.1f} s, {on_spark / on_duckdb:.1f} times as long")
    print(difference.describe())


if __name__ == "__main__":
    main()
