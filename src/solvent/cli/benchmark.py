"""`solvent benchmark`: what a decision costs on this machine, in process and over HTTP."""
# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that --help answers at once

from pathlib import Path
from typing import Annotated

import typer

from solvent.cli.options import BundleFolder, DataFolder


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(benchmark)


def benchmark(
    *,
    bundle: BundleFolder,
    data: DataFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for table, figures and plots.")] = Path(
        "reports/benchmarks"
    ),
    before: Annotated[
        Path | None,
        typer.Option("--before", metavar="FILE", help="benchmark.json of an earlier run, to draw beside this one."),
    ] = None,
    clients: Annotated[int, typer.Option("--clients", min=1, help="How many clients' applications to send.")] = 200,
    requests: Annotated[int, typer.Option("--requests", min=100, help="Requests per figure.")] = 3000,
    workers: Annotated[
        int, typer.Option("--workers", min=2, help="Workers of the API measured beside that of one.")
    ] = 2,
    seed: Annotated[int, typer.Option("--seed", help="Which clients.")] = 1,
) -> None:
    """Measure decisions on this machine, in process and over HTTP.

    A server with an embedded PostgreSQL of its own, a bare FastAPI endpoint
    that only reads the same bodies, and the load share the cores. Every
    decision is durable before its answer. Takes some minutes.

    Example:
        solvent benchmark --bundle models/champion --data data

    Writes: benchmark.md, benchmark.json, rates.png and latencies.png in
    --out; nothing into your database.

    Exit codes: 0 measured, 1 a request failed or data cannot be read, 2
    wrong usage, 78 the bundle is refused.
    """
    from solvent.cli.benchmark_results import read_results, write_results
    from solvent.cli.benchmark_run import Extent, measure
    from solvent.cli.progress import shown_progress

    earlier = read_results(before) if before is not None else None
    out.mkdir(parents=True, exist_ok=True)
    with shown_progress() as progress:
        results = measure(bundle, data, Extent(clients, requests, workers, seed), progress=progress)
    written = write_results(results, earlier, out)
    typer.echo((out / "benchmark.md").read_text(encoding="utf-8"))
    typer.echo(f"in {', '.join(str(path) for path in written)}")
