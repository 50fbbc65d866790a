"""Making of a world: its folder of raw tables and its truth, drawn and written block by block."""

import glob
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from solvent.domain.progress import Progress, silent
from solvent.errors import WorldError
from solvent.world.blocks import BLOCK_CLIENTS, Lender, build_lender
from solvent.world.drawing.marginals import Flags, Floats, numbers
from solvent.world.drawing.merging import rows_of_table
from solvent.world.events.planting import Arrivals, Plan, check_plan, planted_block
from solvent.world.events.scenarios import Timeline, planted_scenario
from solvent.world.writing import FORMATS, TRUTH_FILES, TableFile, open_files

TRUTH = "truth.parquet"
BLOCKS_PER_WRITE = 5
"""5,000 clients, about 800,000 rows, are in memory at a time, and make one row group of a Parquet file."""


@dataclass(frozen=True, slots=True)
class WorldRequest:
    """What world to make: so many clients, from this seed, along a timeline.

    `force` replaces the tables in a folder that has files.
    """

    clients: int
    seed: int
    file_format: str = "csv"
    force: bool = False
    timeline: Timeline = field(default_factory=Timeline)


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What was made: rows per file, share of defaults over all clients, and the AUC that the truth itself reaches."""

    rows: Mapping[str, int]
    default_rate: float
    ceiling_auc: float
    seconds: float


def make_world(
    out: Path, request: WorldRequest, *, progress: Progress = silent, lender: Lender | None = None
) -> WorldSummary:
    """Write the seven raw tables of a simulated lender, and the truth behind them, into the folder `out`.

    One seed gives one world to the byte, and a larger quiet world begins with the clients of a smaller one; only the
    moments of application depend on the size. The truth is `truth.parquet` (a row per client), `outcomes.parquet`
    (what the lender learns later) and `scenario.json` (what is planted). The files are made in a hidden folder beside
    `out` and moved when all are complete, the truth last; after an error the files in `out` are those of before. A
    making that is killed while it moves leaves a folder without `truth.parquet`.

    Args:
        out: folder of the result; created if absent.
        request: size, seed, format and timeline.
        progress: called with what was done and the share of the work done, once per block of 1,000 clients.
        lender: what `build_lender` returns, where it is at hand.

    Raises:
        WorldError: the request makes no sense, or `out` holds files and `force` is not set; nothing was written.
    """
    _check_request(out, request)
    started = time.monotonic()
    _remove_leftovers(out)
    partial = _surroundings(out) / f".{out.name}.{os.getpid()}.partial"
    partial.mkdir(parents=True)
    try:
        progress("reading the published statistics", 0.0)
        rows, probability, defaulted = _write_tables(partial, request, progress, lender or build_lender())
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
    check_plan(Plan(request.clients, request.seed, request.timeline))
    if request.file_format not in FORMATS:
        raise WorldError(f"unknown file format: choose one of {', '.join(FORMATS)}")
    if out.exists() and not out.is_dir():
        raise WorldError(f"{out} is a file: name a folder for the world")
    if out.is_dir() and not os.access(out, os.W_OK):
        raise WorldError(f"the folder {out} cannot be written: choose another one, or change its permissions")
    if out.is_dir() and any(out.iterdir()) and not request.force:
        raise WorldError(f"the folder {out} is not empty: choose another one, or use --force to replace its tables")


def _write_tables(
    folder: Path, request: WorldRequest, progress: Progress, lender: Lender
) -> tuple[dict[str, int], Floats, Flags]:
    plan = Plan(request.clients, request.seed, request.timeline)
    scenario = json.dumps(asdict(planted_scenario(request.timeline)), indent=2)
    (folder / "scenario.json").write_text(scenario + "\n", encoding="utf-8")
    probability, defaulted = np.empty(plan.clients), np.empty(plan.clients, dtype=np.bool_)
    with ExitStack() as stack:
        files = open_files(folder, lender.facts.columns, request.file_format)
        for file in files.values():
            stack.enter_context(file)
        for index in range(plan.blocks):
            block = planted_block(lender, plan, index)
            _append(files, block)
            if (index + 1) % BLOCKS_PER_WRITE == 0 or index + 1 == plan.blocks:
                for file in files.values():
                    file.flush()
            place = slice(index * BLOCK_CLIENTS, index * BLOCK_CLIENTS + plan.clients_of(index))
            probability[place] = numbers(block.truth, "true_probability_default")
            defaulted[place] = np.asarray(block.truth["defaulted"]) == 1
            progress("drawing clients and their histories", (index + 1) / plan.blocks)
    return {name: file.rows for name, file in files.items()}, probability, defaulted


def _append(files: Mapping[str, TableFile], block: Arrivals) -> None:
    application = block.tables["application"]
    for name, table in block.tables.items():
        if name != "application":
            files[name].append(table)
    files["application_train"].append(rows_of_table(application, ~block.is_test))
    files["application_test"].append(rows_of_table(application, block.is_test))
    files["truth"].append(block.truth)
    files["outcomes"].append(block.outcomes)


def _move_into_place(partial: Path, out: Path) -> None:
    """Move the complete files to `out` and those that they replace, tables in either format, out of it; or nothing."""
    aside = partial / "replaced"
    made = sorted(partial.iterdir(), key=lambda path: (path.stem in TRUTH_FILES, path.name))
    tables = {f"{path.stem}.{suffix}" for path in made if path.stem not in TRUTH_FILES for suffix in FORMATS}
    names = sorted({*tables, *(path.name for path in made)}, key=lambda name: name != TRUTH)
    out.mkdir(parents=True, exist_ok=True)
    aside.mkdir()
    moves = [(out / name, aside / name) for name in names if (out / name).is_file()]
    moves += [(path, out / path.name) for path in made]
    moved: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            moved.append((source, target))
            source.replace(target)
    except BaseException:
        for source, target in reversed(moved):
            if not source.exists():
                target.replace(source)
        raise


def _surroundings(out: Path) -> Path:
    """Return the folder to work in: beside `out`, or in it where it is a disk of its own, since files move by name."""
    return out if out.is_mount() else out.parent


def _remove_leftovers(out: Path) -> None:
    """Remove what makings of this folder left that were killed."""
    for partial in _surroundings(out).glob(f".{glob.escape(out.name)}.*.partial"):
        owner = partial.name.split(".")[-2]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(partial, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()
