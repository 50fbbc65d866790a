"""What one decision costs on disk: bytes of each table of the decision log, and of the write-ahead log.

    python benchmarks/decision_bytes.py --bundle BUNDLE --data DIR [--decisions 2000]

Clients of DIR, with their history rows in the request, are decided as the API does, into an empty embedded PostgreSQL.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from solvent.bootstrap import build_service, load_model, open_log, prepare_database
from solvent.cli.applications import Body, read_bodies
from solvent.decision_log.database.embedded import start_embedded
from solvent.domain.clock import utc_now
from solvent.scoring.process import new_request_id
from solvent.scoring.service import RequestContext

AT_ONCE = 4
SIZES = """
SELECT coalesce(parent.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE c.relkind = 'r' GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > %s ORDER BY 2 DESC
"""


async def decide(url: str, bundle: Path, bodies: Sequence[Body]) -> None:
    """Decide on every body, some at a time."""
    waiting = iter(bodies)
    async with open_log(url) as log:
        service = build_service(load_model(bundle), log)
        await service.start()

        async def call() -> None:
            for body in waiting:
                await service.decide(
                    body, RequestContext(new_request_id(), utc_now(), time.perf_counter_ns(), "/predict")
                )

        await asyncio.gather(*(call() for _ in range(AT_ONCE)))


def main() -> None:
    """Decide, and print bytes per decision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="folder with raw tables")
    parser.add_argument("--decisions", type=int, default=2_000, help="how many")
    options = parser.parse_args()
    bodies = list(read_bodies(options.data, options.decisions, seed=0))
    with tempfile.TemporaryDirectory(prefix="solvent-bytes-") as folder, start_embedded(Path(folder)) as server:
        prepare_database(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            before = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
            asyncio.run(decide(server.url, options.bundle, bodies))
            (written,) = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", before).fetchall()[0]
            sizes = connection.execute(SIZES, (100 * options.decisions,)).fetchall()
    for table, size in sizes:
        print(f"{table:24}{size / options.decisions:8,.0f} bytes a decision")
    print(f"{'write-ahead log':24}{float(written) / options.decisions:8,.0f} bytes a decision")


if __name__ == "__main__":
    main()
