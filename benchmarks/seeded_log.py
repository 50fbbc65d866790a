"""Fills a decision log with simulated decisions of some weeks, with two incidents, as fast as COPY takes them.

    python benchmarks/seeded_log.py --bundle BUNDLE [--bundle NEWER] --decisions 200000 [--days 90] [--history]

It writes to the database of the settings (SOLVENT_HOME or SOLVENT_DATABASE_URL), which must hold no decision yet.
Decisions are real ones: clients of the simulated lender, scored by the bundle, each repeated under new request ids and
times. In the first incident the credit bureau does not answer, in the second the service is overloaded for some hours.
Of two bundles the second comes into force half way. Outcomes come faster than in life, so that a log of three months
has them: a month of the simulated lender takes four days.
"""

import argparse
import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import psycopg

from simulated_requests import OUTAGE_POOL, POOL, Arrival, Request, Story, decide, draw_arrivals, draw_clients
from solvent.bootstrap import load_model, open_database, open_signer, prepare_database
from solvent.decision_log.audit.canonical import Value
from solvent.decision_log.audit.chain import Position
from solvent.decision_log.audit.checkpoints import make_checkpoint
from solvent.decision_log.audit.outside import keep_outside
from solvent.decision_log.audit.signing import Signer
from solvent.decision_log.database.connections import connect
from solvent.decision_log.database.roles import API
from solvent.decision_log.database.schema import FAILURE_COLUMNS
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.registers.models import register
from solvent.decision_log.registers.outcomes import import_outcomes
from solvent.decision_log.writing.copying import copy_rows, copy_statement
from solvent.decision_log.writing.rows import COPY_DECISIONS, COPY_PAYLOADS, decision_row, failure_row, prepare
from solvent.domain.clock import utc_now
from solvent.domain.records import FailureRecord, Submission
from solvent.scoring.model import Model
from solvent.settings import read_settings

BATCH = 5_000
COPY_FAILURES = copy_statement("request_failures", (*FAILURE_COLUMNS, "link"))
STATEMENT_SECONDS = 120
SWITCH = """
INSERT INTO model_switches (switched_at, kind, requested_by, previous_version, model_version, bundle_digest)
VALUES (%s, %s, 'seeded log', %s, %s, %s)
"""


def fill(url: str, models: Sequence[Model], arrivals: Sequence[Arrival], *, with_history: bool) -> Story:
    """Decide on a pool of clients, write a request for each arrival, the outcomes so far and the models' switches."""
    quiet = draw_clients(1, count=min(POOL, len(arrivals)), scenario="quiet", with_history=with_history)
    outage = draw_clients(2, count=min(OUTAGE_POOL, len(arrivals)), scenario="bureau_outage", with_history=with_history)
    pools = [(asyncio.run(decide(model, quiet)), asyncio.run(decide(model, outage))) for model in models]
    story = Story(pools, seed=3)
    asyncio.run(write(url, story.requests(arrivals), models))
    import_outcomes(url, story.outcomes, as_of=arrivals[-1].at)
    _note_switches(url, models, arrivals)
    return story


async def write(url: str, requests: Iterable[Request], models: Sequence[Model]) -> None:
    """Register the models and store the requests, chained as one writer does."""
    connection = await connect(url, "seeded log", role=API, statement_seconds=STATEMENT_SECONDS)
    async with connection:
        for model in models:
            await register(connection, model.describe())
        waiting, position = iter(requests), Position()
        while batch := list(islice(waiting, BATCH)):
            rows = _encode(position, batch)
            async with connection.transaction(), connection.cursor() as cursor:
                for statement, encoded in zip((COPY_DECISIONS, COPY_PAYLOADS, COPY_FAILURES), rows, strict=True):
                    await copy_rows(cursor, statement, encoded)


def _encode(position: Position, batch: Sequence[Request]) -> tuple[list[list[Value]], ...]:
    """Return the rows of decisions, payloads and failures."""
    decisions: list[list[Value]] = []
    payloads: list[list[Value]] = []
    failures: list[list[Value]] = []
    for request, recorded_at in batch:
        if isinstance(request, FailureRecord):
            failures.append(failure_row(request, chain=position.chains["request_failures"], now=recorded_at))
            continue
        prepared = prepare(Submission((request,), b""))
        payloads += prepared.payloads
        chain = position.chains["decisions"]
        decisions.append(decision_row(request, prepared.commitments[0], chain=chain, now=recorded_at))
    return decisions, payloads, failures


def _note_switches(url: str, models: Sequence[Model], arrivals: Sequence[Arrival]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        previous = None
        for number, model in enumerate(models):
            at = arrivals[len(arrivals) * number // len(models)].at
            kind = "start" if previous is None else "reload"
            connection.execute(SWITCH, (at, kind, previous, model.version, model.bundle.digest))
            previous = model.version
        connection.execute("ANALYZE")


async def seal(url: str, signer: Signer, folder: Path) -> None:
    """Sign how far the chains have come."""
    connection = await connect(url, "seeded log", role=API, statement_seconds=STATEMENT_SECONDS)
    async with connection:
        entry = await make_checkpoint(connection, signer, now=utc_now())
    if entry is not None:
        keep_outside(folder, entry)


def ensure_months(url: str, start: datetime, end: datetime) -> None:
    """Make the partitions of every month from start to end."""
    months = (end.year - start.year) * 12 + end.month - start.month
    ensure_partitions(url, start, months_ahead=months)


def main() -> None:
    """Fill the log of the settings, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, action="append", required=True, help="model bundle; at most two")
    parser.add_argument("--decisions", type=int, default=200_000, help="requests, the failing ones among them")
    parser.add_argument("--days", type=float, default=90, help="how long ago the first one came")
    parser.add_argument("--history", action="store_true", help="clients send their history: ten times the bytes")
    options = parser.parse_args()

    settings, started, cpu = read_settings(), time.perf_counter(), time.process_time()
    models = [load_model(bundle) for bundle in options.bundle]
    now = utc_now()
    start = now - timedelta(days=options.days)
    arrivals = draw_arrivals(options.decisions, start=start, days=options.days, seed=4)
    with open_database(settings) as url:
        prepare_database(url)
        ensure_months(url, start, now)
        fill(url, models, arrivals, with_history=options.history)
        asyncio.run(seal(url, open_signer(settings), settings.ledger_folder))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"{options.decisions:,} requests in {seconds:.0f} s ({cpu:.0f} s of CPU here)")


if __name__ == "__main__":
    main()
