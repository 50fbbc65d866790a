"""Runs a feature program over all clients of a folder of raw tables, on Spark."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import StringType, StructField, StructType

from solvent.domain.progress import Progress, silent
from solvent.errors import FeatureError, TablesError
from solvent.features.feature_files import ArrowSchema, ArrowTable, feature_schema, feature_table
from solvent.features.ibis_relations import ProgramRelations, Relation
from solvent.features.many_clients import ManyClients
from solvent.features.operations import Array
from solvent.features.program import APPLICATION, CLIENT, Program
from solvent.tables.files import APPLICATION_FILES, TableFile, find_table_files, read_csv_header
from solvent.tables.reading import RawTables, check_one_application_each
from solvent.tables.schemas import HISTORY_TABLES, TARGET, Column, ColumnKind, TableSchema, table_schema

Batch: TypeAlias = Any
"""A record batch of Arrow."""
SparkColumn: TypeAlias = Any
Clients = npt.NDArray[np.int64]
Evaluate = Callable[[Clients, Array, Array], ArrowTable]
"""From clients, TARGET and features of a batch to the rows to keep of it, as an Arrow table."""

LOCAL = "local[*]"
_DRIVER_MEMORY = "4g"
_PARTITIONS = 16
_BATCH_CLIENTS = 10_000
_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


@contextmanager
def open_session(
    master: str = LOCAL, *, memory: str = _DRIVER_MEMORY, partitions: int = _PARTITIONS
) -> Iterator[SparkSession]:
    """Open a Spark session on a master and close it.

    `memory` is the driver's, which on a local master does the work; `partitions` are those of each exchange. A local
    master listens on the loopback address alone.

    Raises:
        FeatureError: there is no Java runtime, or the master cannot be reached.
    """
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise FeatureError("Spark needs a Java 17 runtime: install one (Debian: openjdk-17-jre-headless)")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.driver.memory": memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_BATCH_CLIENTS),
        "spark.sql.debug.maxToStringFields": "20",
        "spark.log.level": "ERROR",
        "spark.python.authenticate.socketTimeout": "120s",  # 15 s by default; a loaded machine may need more
        **(_LOOPBACK if master.startswith("local") else {}),
    }
    builder = SparkSession.builder.master(master).appName("solvent")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise FeatureError(f"Spark does not start on {master}: check the master and `java -version`") from error
    try:
        yield session
    finally:
        session.stop()


class SparkEngine:
    """A feature program over a folder of raw tables that the driver and the executors see under the same path.

    `tables` is the folder as opened for DuckDB: files, headers and doubles are checked there, so that both engines
    refuse alike.
    """

    def __init__(
        self, program: Program, tables: RawTables, session: SparkSession, *, progress: Progress = silent
    ) -> None:
        self._program, self._session, self._progress = program, session, progress
        self._backend = ibis.pyspark.connect(session)
        self._kept = 0
        self._computed: list[DataFrame] = []
        check_one_application_each(tables)
        _create_views(session, tables.directory)
        self._relations = ProgramRelations(program, self._backend.table, self._keep)
        self._columns = ManyClients(program).columns

    def write_features(self, out: Path) -> int:
        """Write the same file as the DuckDB engine; return the rows."""
        if not out.parent.is_dir():
            raise FeatureError(f"the folder {out.parent} does not exist: make it, or write to another one")
        program = self._program

        def to_table(clients: Clients, target: Array, values: Array) -> ArrowTable:
            return feature_table(program, clients, target, values)

        partial = out.with_name(f".{out.name}.partial")
        try:
            with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as parts:
                rows = self.map_clients(to_table, feature_schema(program))
                self._progress("writing features", 0.9)
                with _translated_errors():
                    rows.orderBy(CLIENT).write.mode("overwrite").parquet(parts)
                written = _join_parts(Path(parts), partial, feature_schema(program))
            partial.replace(out)
        finally:
            self._release()
            partial.unlink(missing_ok=True)
        return written

    def collect(self, evaluate: Evaluate, schema: ArrowSchema) -> ArrowTable:
        """The rows that `evaluate` makes of all clients, by client, in the memory of the driver; see `map_clients`."""
        self._progress("evaluating clients", 0.9)
        try:
            with _translated_errors():
                return self.map_clients(evaluate, schema).orderBy(CLIENT).toArrow().cast(schema)
        finally:
            self._release()

    def broadcast(self, value: object) -> Any:  # noqa: ANN401 - pyspark's Broadcast
        """Send a value to every executor once; `.value` of what is returned is it, there."""
        return self._session.sparkContext.broadcast(value)

    def map_clients(self, evaluate: Evaluate, schema: ArrowSchema) -> DataFrame:
        """Hand the features of all clients to a function, batch by batch, on the executors.

        Args:
            evaluate: takes clients, TARGET and float64 features of shape (clients, features); returns an Arrow table
                of `schema`. It travels to the executors with what it closes over.
            schema: of Arrow.
        """
        program, frame = self._program, self._join()

        def run(batches: Iterable[Batch]) -> Iterable[Batch]:
            many = ManyClients(program)
            for batch in batches:
                columns = {name: _numbers(batch.column(name)) for name in batch.schema.names if name != CLIENT}
                clients = batch.column(CLIENT).to_numpy()
                given = {node: columns[f"n{node}"] for node in (*many.columns, *program.history_aggregates)}
                yield from evaluate(clients, columns[TARGET], many.evaluate(given, len(clients))).to_batches()

        return frame.mapInArrow(run, _spark_schema(schema))

    def _join(self) -> DataFrame:
        """One row per client: TARGET, the application's columns, and the statistics of every table."""
        joined = self._frame(self._relations.applications(self._columns))
        for label, relation, _ in self._relations.statistics(self._program.history_aggregates):
            self._tell(label)
            joined = joined.join(self._compute(relation), on=CLIENT, how="left")
        return joined

    def _frame(self, relation: Relation) -> DataFrame:
        return self._session.sql(str(self._backend.compile(relation)))

    def _compute(self, relation: Relation) -> DataFrame:
        """The rows, computed now and kept: in one plan the hash tables of all relations would share a task's memory."""
        frame = self._frame(relation).persist()
        self._computed.append(frame)
        with _translated_errors():
            frame.count()
        return frame

    def _release(self) -> None:
        """Let go of what was kept; whoever asks again has it computed again."""
        for frame in self._computed:
            frame.unpersist()
        self._computed.clear()

    def _keep(self, label: str, relation: Relation) -> Relation:
        self._tell(label)
        name = f"solvent_{self._kept}"
        self._compute(relation).createOrReplaceTempView(name)
        return self._backend.table(name)

    def _tell(self, label: str) -> None:
        self._progress(label, 0.0)
        self._kept += 1


def _create_views(session: SparkSession, directory: Path) -> None:
    files = {file.name: file for file in find_table_files(directory)}
    applications = [_read(session, files[name]) for name in APPLICATION_FILES if name in files]
    whole = applications[0]
    for more in applications[1:]:
        whole = whole.unionByName(more)
    whole.createOrReplaceTempView(APPLICATION)
    for name in HISTORY_TABLES:
        frame = _read(session, files[name]) if name in files else _empty(session, table_schema(name))
        frame.createOrReplaceTempView(name)


def _read(session: SparkSession, file: TableFile) -> DataFrame:
    """Read a file with the columns of its schema, typed and cleaned as the views of DuckDB are."""
    if file.is_csv:
        texts = StructType([StructField(name, StringType()) for name in read_csv_header(file)])
        options = {"header": "true", "quote": '"', "escape": '"', "mode": "FAILFAST", "enforceSchema": "true"}
        frame = session.read.options(**options).schema(texts).csv(str(file.path.resolve()))
    else:
        frame = session.read.parquet(str(file.path.resolve()))
    there = {column.name for column in file.expected_columns}
    return frame.select(*(_typed(column, is_there=column.name in there) for column in file.schema.columns))


def _typed(column: Column, *, is_there: bool) -> SparkColumn:
    stored = f.col(f"`{column.name}`") if is_there else f.lit(None)
    if column.kind is ColumnKind.CATEGORY:
        text = stored.cast("string")
        return f.when(text != "", text).alias(column.name)
    number = stored.cast("double")
    if column.kind is ColumnKind.KEY:
        return f.when(number == f.floor(number), number.cast("bigint")).alias(column.name)
    finite = ~f.isnan(number) & (f.abs(number) != float("inf"))
    return f.when(finite, number).alias(column.name)


def _empty(session: SparkSession, schema: TableSchema) -> DataFrame:
    row = session.range(0)
    return row.select(*(_typed(column, is_there=False) for column in schema.columns))


def _numbers(column: Batch) -> Array:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _spark_schema(schema: ArrowSchema) -> str:
    kinds = {pa.int64(): "bigint", pa.float64(): "double", pa.float32(): "float", pa.string(): "string"}
    return ", ".join(f"`{field.name}` {kinds[field.type]}" for field in schema)


def _join_parts(parts: Path, out: Path, schema: ArrowSchema) -> int:
    """Put the files that Spark wrote, in their order, into one; return the rows."""
    rows = 0
    with pyarrow.parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for part in sorted(parts.glob("part-*.parquet")):
            for batch in pyarrow.parquet.ParquetFile(part).iter_batches():
                table = pa.Table.from_batches([batch]).cast(schema)
                writer.write_table(table)
                rows += len(table)
    return rows


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn Spark's errors about data and files into TablesError; their text may hold data of an applicant."""
    try:
        yield
    except PySparkException as error:
        if "CAST_INVALID_INPUT" in str(error) or "MALFORMED" in str(error):
            raise TablesError(
                "a CSV file holds text where a number belongs, or a broken line: `solvent data check` says where"
            ) from None
        raise TablesError("Spark could not read the tables: a file is damaged or gone, or a worker failed") from None
