"""What the audit costs and how fast it is checked: bytes and CPU of a decision, records verified per second.

    .venv/bin/python benchmarks/audit.py --decisions 100000

Decisions have an input of about 5 kB. 32 callers record them on an embedded PostgreSQL on the same cores, checkpoints
included; the rates are wall clock, so they need a quiet machine.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from solvent.decision_log.audit.canonical import frame
from solvent.decision_log.audit.chain import Chain, Position, commit_to
from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.sealing import Sealer
from solvent.decision_log.audit.signing import Signer, make_signer
from solvent.decision_log.audit.verification import verify
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.revisions import upgrade
from solvent.decision_log.keeping.partitions import ensure_partitions
from solvent.decision_log.writing.rows import decision_row, prepare
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.clock import utc_now
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.reasons import Reason
from solvent.domain.records import DecisionRecord, Submission, Timing
from solvent.scoring.process import new_request_id

CALLERS = 32
SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname LIKE 'decisions%%'),
       sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname LIKE 'decision_payloads%%'),
       (SELECT sum(pg_relation_size(i.oid)) FROM pg_class i WHERE i.relname LIKE 'decisions%%writer_id_sequence_idx')
FROM pg_class c WHERE c.relkind = 'r'
"""
DRAWS = random.Random(20261123)  # noqa: S311 - bodies of a benchmark
BODY = (
    '{"SK_ID_CURR":100001,' + ",".join(f'"COLUMN_{i}":{DRAWS.random() * 1e5:.2f}' for i in range(230)) + "}"
).encode()
FEATURES = DRAWS.randbytes(500)
REASONS = (Reason("EXTERNAL_SCORE", "feature", 0.1, 1.5, "English.", "French."),) * 3


def make_record() -> DecisionRecord:
    """A refusal with three reasons and twenty top features."""
    now = datetime.now(UTC)
    return DecisionRecord(
        request_id=new_request_id(),
        received_at=now,
        scored_at=now,
        caller="local",
        endpoint="/predict",
        model_version="2026.11.23+3fa9c1",
        model_digest=bytes(32),
        code_digest=bytes(32),
        api_version="0.1.0",
        client_id=DRAWS.randrange(10**6),
        loan_amount=450000.0,
        score=DRAWS.random(),
        probability_default=0.25,
        threshold=0.0912,
        decision=Decision.REFUSE,
        risk_level=RiskLevel.HIGH,
        reasons=REASONS,
        warnings=("no_history",),
        data_quality_score=0.875,
        timing=Timing(1.5, 0.5),
        memory_usage_mb=128.0,
        application=BODY,
        history_source="none",
        stored_history=None,
        features=FEATURES,
        top_numbers=(*(DRAWS.random() for _ in range(18)), None, None),
        top_categories=(*(None,) * 18, "Cash loans", "M"),
    )


def main() -> None:
    """Record, measure, verify, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100_000)
    decisions = parser.parse_args().decisions // CALLERS * CALLERS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    _print_costs()
    with TemporaryDirectory(prefix="solvent-audit-") as name, start_embedded(Path(name) / "postgres") as server:
        upgrade(server.url)
        ensure_partitions(server.url, utc_now())
        folder = Path(name) / "audit"
        signer = make_signer(folder / "signing.key")
        seconds = asyncio.run(_record(server.url, signer, folder, decisions))
        print(f"recorded {decisions} decisions, {decisions / seconds:.0f}/s with {CALLERS} callers")
        _print_sizes(server.url, decisions)
        _print_rates(server.url, signer, folder, decisions)


def _print_costs() -> None:
    record = make_record()
    submission = Submission((record,), b"{}")
    prepared, chain, now = prepare(submission), Position().chains["decisions"], datetime.now(UTC)
    row, payload = decision_row(record, bytes(32), chain=chain, now=now)[:-1], prepared.payloads[0][:-1]
    covered, whole = frame(row), lambda: (prepare(submission), decision_row(record, bytes(32), chain=chain, now=now))
    total = _microseconds(whole)
    audit = _microseconds(lambda: (commit_to(payload), frame(row), Chain.append(chain, covered)))
    print(f"CPU of a decision's rows: {total:.1f} us, of which chain and commitment {audit:.1f} us")


def _microseconds(work: Callable[[], object], rounds: int = 20_000) -> float:
    started = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - started) / rounds * 1e6


async def _record(url: str, signer: Signer, folder: Path, decisions: int) -> float:
    sealer = Sealer(url, signer=signer, folder=folder, clock=utc_now)
    async with PostgresDecisionLog(url, companions=(sealer,)) as log:

        async def call() -> None:
            for _ in range(decisions // CALLERS):
                await log.record(Submission((make_record(),), b"{}"))

        started = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(CALLERS)))
        return time.perf_counter() - started


def _print_sizes(url: str, decisions: int) -> None:
    with connect_sync(url, application_name="benchmark") as connection:
        row = connection.execute(SIZE.replace("%%", "%").encode()).fetchone() or (0, 0, 0)
    names = ("decision with its indexes", "payload with its indexes", "decision in the index of the chain")
    for name, size in zip(names, row, strict=True):
        print(f"bytes of a {name}: {int(size or 0) / decisions:.0f}")


def _print_rates(url: str, signer: Signer, folder: Path, decisions: int) -> None:
    for what, with_payloads in (("chains alone", False), ("chains and payloads", True)):
        with connect_sync(url, application_name="benchmark") as connection:
            started, cpu = time.perf_counter(), time.process_time()
            outside = read_outside(folder)
            found = verify(connection, signer.public_key, outside=outside, with_payloads=with_payloads)
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        # The benchmark registers no model, which is the one finding.
        print(f"verify, {what}: {decisions / seconds:.0f} records/s, own CPU {cpu:.1f} of {seconds:.1f} s, "
              f"{found.finding_count} findings")  # fmt: skip


if __name__ == "__main__":
    main()
