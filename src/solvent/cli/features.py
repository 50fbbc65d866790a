"""`solvent features`: one row per client, as a file or in the store of the API."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

import asyncio
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvent.cli.options import BundleFolder, DataFolder, check_file_name
from solvent.cli.progress import shown_progress
from solvent.domain.progress import Progress

if TYPE_CHECKING:
    from solvent.features.program import Program
    from solvent.scoring.model import Model
    from solvent.tables.reading import RawTables

STORE_CHUNK = 5_000
"""Histories stored in one transaction: about 20 MB."""

group = typer.Typer(no_args_is_help=True, help="Compute features over a folder of raw tables.")


class Engine(StrEnum):
    """Where features are computed."""

    DUCKDB = "duckdb"
    SPARK = "spark"


EngineOption = Annotated[
    Engine, typer.Option("--engine", help="duckdb: this machine, all its cores; spark: a Spark master, needs Java 17.")
]
MasterOption = Annotated[
    str, typer.Option("--master", metavar="URL", help="Spark master; the folder must be there under the same path.")
]
MemoryOption = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help="Memory of DuckDB, such as 4GB; beyond it it uses the disk."),
]


def add_to(app: typer.Typer) -> None:
    """Add the group to the app."""
    app.add_typer(group, name="features")


@group.command()
def build(
    data: DataFolder,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", callback=check_file_name(".parquet"), help="Parquet file to write.")
    ],
    engine: EngineOption = Engine.DUCKDB,
    memory_limit: MemoryOption = None,
    master: MasterOption = "local[*]",
) -> None:
    """Compute every feature for every client of a folder of raw tables.

    One row per client of application_train and application_test. A missing
    value stays missing; numbers are float32, categories are text. History
    tables that are absent count as empty, which a warning says first.

    Example:
        solvent features build --data data/home-credit --out features.parquet
        solvent features build ... --memory-limit 2GB
        solvent features build ... --engine spark --master spark://host:7077

    Writes: FILE with SK_ID_CURR, TARGET (missing where unknown) and one
    column per feature; complete or not at all.

    Exit codes: 0 written, 1 the tables cannot be read, 2 wrong usage.
    """
    from solvent.cli.table_gaps import warn_of_gaps
    from solvent.domain.policy import FORBIDDEN_COLUMNS
    from solvent.features.catalogue import build_program
    from solvent.tables.reading import open_tables
    from solvent.tables.schemas import HISTORY_TABLES

    warn_of_gaps(data)
    program = build_program(FORBIDDEN_COLUMNS)
    with shown_progress() as progress, open_tables(data, memory_limit=memory_limit) as tables:
        missing = [name for name in HISTORY_TABLES if name not in tables.present]
        rows = _write_features(program, tables, out, master=master if engine is Engine.SPARK else None, told=progress)
    typer.echo(f"{rows:,} clients, {len(program.features)} features ({engine.value}), in {out}")
    if missing:
        typer.echo(f"computed without rows of {', '.join(missing)}: no file")


def _write_features(program: "Program", tables: "RawTables", out: Path, *, master: str | None, told: Progress) -> int:
    """Write the features on DuckDB, or on a Spark master."""
    if master is None:
        from solvent.features.ibis_engine import BatchEngine

        return BatchEngine(program, tables, progress=told).write_features(out)
    from solvent.features.spark_engine import SparkEngine, open_session

    with open_session(master) as session:
        return SparkEngine(program, tables, session, progress=told).write_features(out)


@group.command()
def store(bundle: BundleFolder, data: DataFolder) -> None:
    """Store every client's history, so that the API needs the application alone.

    `/predict` without history rows then uses what is stored of that client;
    the answer is the same as with the rows. Run it again after new tables
    or a new bundle: what is stored for the same feature program is
    replaced.

    Example:
        solvent features store --bundle models/champion --data data/home-credit

    Writes: rows of the table client_features in the database of
    SOLVENT_DATABASE_URL, or the embedded one.

    Exit codes: 0 stored, 1 tables or database cannot be used, 2 wrong
    usage, 78 the bundle is refused.
    """
    from solvent.bootstrap import load_model, open_database, prepare_database
    from solvent.settings import read_settings

    model = load_model(bundle)
    with shown_progress() as progress, open_database(read_settings()) as url:
        prepare_database(url)
        stored = store_histories(model, data, url, progress=progress)
    typer.echo(f"{len(stored):,} histories stored for program {model.bundle.program.digest[:12]}")


def store_histories(model: "Model", data: Path, url: str, *, progress: Progress) -> tuple[int, ...]:
    """Reduce and store every client's history by the model's program; return the clients in the order of storing.

    Chunks of `STORE_CHUNK` clients are stored whole, one after the other. Raises TablesError and DecisionLogError.
    """
    from solvent.bootstrap import open_log
    from solvent.domain.records import StoredHistory
    from solvent.errors import TablesError
    from solvent.features.ibis_engine import BatchEngine
    from solvent.tables.reading import open_tables, translated_errors
    from solvent.tables.schemas import HISTORY_TABLES

    program, log = model.bundle.program, open_log(url)
    stored: list[int] = []
    with open_tables(data) as tables:
        missing = [name for name in HISTORY_TABLES if name not in tables.present]
        if missing:
            raise TablesError(f"{data} lacks {', '.join(missing)}: what is stored would pass for the whole history")
        with translated_errors():
            (total,) = tables.connection.execute("SELECT count(*) FROM application").fetchall()[0]
        reduced = BatchEngine(program, tables, progress=progress).read_histories(chunk=STORE_CHUNK)
        histories = (StoredHistory(client, program.digest, history.to_bytes()) for client, history in reduced)
        while chunk := list(islice(histories, STORE_CHUNK)):
            asyncio.run(log.store_histories(chunk))
            stored.extend(history.client_id for history in chunk)
            progress("storing histories", len(stored) / total)
    return tuple(stored)
