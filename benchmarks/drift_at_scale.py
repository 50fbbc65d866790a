"""Measures drift over a log of many decisions: time, CPU and memory, without Evidently.

    python benchmarks/drift_at_scale.py [--decisions 1000000] [--features 500] [--folder DIR]

Fills a log of its own, with 2 kB of vector a decision at 500 features, then watches it in a process of its own, whose
peak memory is that of the command. Every seventh feature has drifted. With --folder the log stays there, and the next
run measures it again without filling.
"""

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from solvent.bootstrap import prepare_database
from solvent.bundle.profile import parse_profile
from solvent.bundle.reference import ScoredRows, build_profile
from solvent.decision_log.database.connections import connect_sync
from solvent.decision_log.database.embedded import start_embedded
from solvent.decision_log.database.schema import DECISION_COLUMNS, PAYLOAD_COLUMNS
from solvent.decision_log.reading.monitoring import ObservedDecisions
from solvent.decision_log.writing.bulk import record_in_bulk
from solvent.domain.measurements import Window
from solvent.domain.policy import Decision, RiskLevel
from solvent.domain.records import DecisionRecord, ServedModel, Timing
from solvent.features.compilation import compile_features
from solvent.features.language import feature, table
from solvent.features.program import Program
from solvent.monitoring.input_watch import WatchRequest, watch_inputs
from solvent.monitoring.watched_model import WatchedModel

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=7)
VERSION = "2026.11.1+benchmark"
FIRST = 20_000
"""Decisions that are recorded one by one; the database copies them until there are enough."""
DRIFTED_EVERY = 7


def make_program(features: int) -> Program:
    """A program of that many features over one column."""
    credit = table("application").AMT_CREDIT
    return compile_features(
        [
            feature(f"feature_{number}", credit * float(number + 1), unit="number", meaning="any", reason="LOAN_TERMS")
            for number in range(features)
        ]
    )


def draw_rows(features: int, rows: int, *, seed: int, shift: float) -> ScoredRows:
    """Normal features, every tenth value of every fifth one missing; every seventh is shifted."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, features)).astype(np.float32)
    values[:, ::DRIFTED_EVERY] += np.float32(shift)
    values[::10, ::5] = np.nan
    scores = random.normal(size=rows)
    return ScoredRows(values, scores, 1.0 / (1.0 + np.exp(-scores)))


def make_watched(features: int) -> WatchedModel:
    """The model under watch, with a reference of 50,000 rows."""
    program = make_program(features)
    importances = dict.fromkeys(program.names, 1.0 / features)
    document = build_profile(program, draw_rows(features, 50_000, seed=1, shift=0.0), importances=importances)
    return WatchedModel(VERSION, program, parse_profile(document, program.names), frozenset(program.names[:20]))


def make_records(rows: ScoredRows) -> Iterator[DecisionRecord]:
    """Decisions spread over the week."""
    for place, (values, score, probability) in enumerate(
        zip(rows.values, rows.scores, rows.probabilities, strict=True)
    ):
        yield make_record(values, float(score), float(probability), START + place * (END - START) / len(rows))


def make_record(values: npt.NDArray[np.float32], score: float, probability: float, arrival: datetime) -> DecisionRecord:
    """One decision."""
    return DecisionRecord(
        request_id=uuid4(),
        received_at=arrival,
        scored_at=arrival,
        caller="local",
        endpoint="/predict",
        model_version=VERSION,
        model_digest=bytes(32),
        code_digest=bytes(32),
        api_version="1.0",
        client_id=100_001,
        loan_amount=450_000.0,
        score=score,
        probability_default=probability,
        threshold=1.0,
        decision=Decision.APPROVE,
        risk_level=RiskLevel.LOW,
        reasons=(),
        warnings=(),
        data_quality_score=1.0,
        timing=Timing(1.0, 0.1),
        memory_usage_mb=100.0,
        application=b'{"SK_ID_CURR":100001}',
        history_source="request",
        stored_history=None,
        features=values.astype("<f4").tobytes(),
        top_numbers=(),
        top_categories=(),
    )


def fill(url: str, features: int, decisions: int) -> None:
    """Record the first decisions, and let the database copy them under other names."""
    served = ServedModel(VERSION, "b" * 64, "c" * 64, "d" * 64, 1.0, (), b'{"protocol":1}', {})
    rows = draw_rows(features, min(FIRST, decisions), seed=2, shift=0.5)
    asyncio.run(record_in_bulk(url, served, make_records(rows)))
    names = {
        "decisions": ", ".join(name for name in (*DECISION_COLUMNS, "link") if name not in ("request_id", "writer_id")),
        "decision_payloads": ", ".join(name for name in (*PAYLOAD_COLUMNS, "commitment_key") if name != "request_id"),
    }
    with connect_sync(url, application_name="benchmark") as connection:
        connection.execute("CREATE TABLE first AS SELECT request_id AS old FROM decisions")
        for _ in range(decisions // len(rows) - 1):
            connection.execute("CREATE TEMP TABLE copied AS SELECT old, gen_random_uuid() AS new FROM first")
            for table_name, listed in names.items():
                own = ", gen_random_uuid()" if table_name == "decisions" else ""
                connection.execute(
                    f"INSERT INTO {table_name} (request_id{', writer_id' if own else ''}, {listed}) "
                    f"SELECT new{own}, {listed} FROM {table_name} JOIN copied ON old = request_id".encode()
                )
            connection.execute("DROP TABLE copied")
            connection.commit()
    with connect_sync(url, application_name="benchmark") as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE decisions, decision_payloads")


def count(url: str) -> int:
    """How many decisions the log has."""
    with connect_sync(url, application_name="benchmark") as connection:
        return sum(ObservedDecisions(connection).count_by_model(START, END).values())


def measure(url: str, features: int) -> None:
    """Watch the week, and print what it took."""
    model = make_watched(features)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    with connect_sync(url, application_name="solvent-monitor") as connection:
        report = watch_inputs(ObservedDecisions(connection), model, WatchRequest(Window(START, END)))
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    drift = report.drift
    print(f"{drift.decisions:,} decisions x {len(drift.features)} features: {seconds:.1f} s, CPU {cpu:.1f} s of ours")
    print(f"peak memory {after.ru_maxrss / 1024:,.0f} MB")
    print(f"{drift.verdict}: {len(drift.drifted)} features drifted, of {-(-features // DRIFTED_EVERY)} planted")


def main() -> None:
    """Fill, then measure in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=500)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="solvent-drift-") as work,
        start_embedded(chosen.folder or Path(work)) as server,
    ):
        prepare_database(server.url)
        if not count(server.url):
            started = time.perf_counter()
            fill(server.url, chosen.features, chosen.decisions)
            print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
        child = multiprocessing.get_context("spawn").Process(target=measure, args=(server.url, chosen.features))
        child.start()
        child.join()
        if child.exitcode:
            raise SystemExit(child.exitcode)


if __name__ == "__main__":
    main()
