"""Making of a world: its folder of raw tables and its truth, drawn and written block by block."""

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solvent.domain.progress import Progress, silent
from solvent.errors import WorldError
from solvent.world.blocks import BLOCK_CLIENTS, Block, build_lender, make_block
from solvent.world.marginals import Coded, Flags, Floats, Table
from solvent.world.writing import FORMATS, TableFile, open_files

BLOCKS_PER_WRITE = 5
"""5,000 clients, about 800,000 rows, are in memory at a time, and make one row group of a Parquet file."""


@dataclass(frozen=True, slots=True)
class WorldRequest:
    """What world to make: so many clients, from this seed; `force` replaces the tables in a folder that has files."""

    clients: int
    seed: int
    file_format: str = "csv"
    force: bool = False


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What was made: rows per file, share of defaults over all clients, and the AUC that the truth itself reaches."""

    rows: Mapping[str, int]
    default_rate: float
    ceiling_auc: float
    seconds: float


def make_world(out: Path, request: WorldRequest, *, progress: Progress = silent) -> WorldSummary:
    """Write the seven raw tables of a simulated lender and `truth.parquet` into the folder `out`.

    One seed gives one world to the byte, and a larger world begins with the clients of a smaller one. The files are
    made in a hidden folder beside `out` and moved when all are complete; after an error nothing is left behind.

    Args:
        out: folder of the result; created if absent.
        request: size, seed and format.
        progress: called with what was done and the share of the work done, once per block of 1,000 clients.

    Raises:
        WorldError: the request makes no sense, or `out` holds files and `force` is not set; nothing was written.
    """
    _check_request(out, request)
    started = time.monotonic()
    partial = out.parent / f".{out.name}.{os.getpid()}.partial"
    partial.mkdir(parents=True)
    try:
        rows, probability, defaulted = _write_tables(partial, request, progress)
        _move_into_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return WorldSummary(
        rows=rows,
        default_rate=float(np.mean(defaulted)),
        ceiling_auc=ceiling_auc(probability),
        seconds=time.monotonic() - started,
    )


def ceiling_auc(probability: Floats) -> float:
    """Return the expected AUC of a score that equals the true probabilities, float64 (n,): no model does better."""
    ordered = np.sort(probability)
    survives = np.cumsum(1 - ordered)
    below = survives - 0.5 * (1 - ordered)
    return float(np.sum(ordered * below) / (ordered.sum() * survives[-1]))


def _check_request(out: Path, request: WorldRequest) -> None:
    if request.clients <= 0:
        raise WorldError("a world needs at least one client: give --clients a positive number")
    if request.seed < 0:
        raise WorldError("the seed must not be negative: give --seed a number from 0 up")
    if request.file_format not in FORMATS:
        raise WorldError(f"unknown file format: choose one of {', '.join(FORMATS)}")
    if out.exists() and not out.is_dir():
        raise WorldError(f"{out} is a file: name a folder for the world")
    if out.is_dir() and any(out.iterdir()) and not request.force:
        raise WorldError(f"the folder {out} is not empty: choose another one, or use --force to replace its tables")


def _write_tables(folder: Path, request: WorldRequest, progress: Progress) -> tuple[dict[str, int], Floats, Flags]:
    progress("reading the published statistics", 0.0)
    lender = build_lender()
    blocks = -(-request.clients // BLOCK_CLIENTS)
    probabilities, outcomes = [], []
    with ExitStack() as stack:
        files = open_files(folder, lender.facts.columns, request.file_format)
        for file in files.values():
            stack.enter_context(file)
        for index in range(blocks):
            clients = min(BLOCK_CLIENTS, request.clients - index * BLOCK_CLIENTS)
            block = make_block(lender, request.seed, index, clients)
            _append(files, block)
            if (index + 1) % BLOCKS_PER_WRITE == 0 or index + 1 == blocks:
                for file in files.values():
                    file.flush()
            probabilities.append(block.probability)
            outcomes.append(block.defaulted)
            progress("drawing clients and their histories", (index + 1) / blocks)
    rows = {name: file.rows for name, file in files.items()}
    return rows, np.concatenate(probabilities), np.concatenate(outcomes)


def _append(files: Mapping[str, TableFile], block: Block) -> None:
    application = block.tables["application"]
    for name, table in block.tables.items():
        if name != "application":
            files[name].append(table)
    files["application_train"].append(_rows_where(application, ~block.is_test))
    files["application_test"].append(_rows_where(application, block.is_test))
    files["truth"].append(
        {
            "SK_ID_CURR": application["SK_ID_CURR"],
            "true_probability_default": block.probability,
            "defaulted": block.defaulted.astype(np.int64),
        }
    )


def _rows_where(table: Table, where: Flags) -> Table:
    return {
        name: Coded(column.codes[where], column.labels) if isinstance(column, Coded) else column[where]
        for name, column in table.items()
    }


def _move_into_place(partial: Path, out: Path) -> None:
    """Move the complete files to `out`, replacing tables of the same name in either format."""
    out.mkdir(parents=True, exist_ok=True)
    made = sorted(partial.iterdir())
    for path in made:
        for suffix in FORMATS:
            (out / f"{path.stem}.{suffix}").unlink(missing_ok=True)
    for path in made:
        path.replace(out / path.name)
