"""CPU time of the request engine for a typical client, for ten times its history, and for the application alone.

python benchmarks/typical_client.py [--bundle BUNDLE]         of the whole catalogue, or of a bundle's program
PYTHONPATH=OTHER/src python benchmarks/typical_client.py      the same of another checkout
"""

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from solvent.bootstrap import load_model
from solvent.domain.policy import FORBIDDEN_COLUMNS
from solvent.features.catalogue import build_program
from solvent.features.request_engine import RequestEngine
from solvent.tables.schemas import Column, ColumnKind, table_schema

LOANS, MONTHS, APPLICATIONS, BALANCES, PAYMENTS, STATEMENTS = 5, 120, 5, 30, 40, 20
RUNS = 400


def _draw(column: Column, random_: random.Random) -> float | str:
    if column.kind is ColumnKind.CATEGORY:
        return random_.choice(column.categories)
    low, high = float(column.minimum or 0.0), float(column.maximum or 0.0)
    value = random_.uniform(max(low, min(-3000.0, high - 3000.0)), min(high, 200_000.0))
    return value if column.kind is ColumnKind.NUMBER else float(round(value))


def draw_row(table: str, random_: random.Random, **keys: int) -> dict[str, Any]:
    """A row with a tenth of its values missing, inside the ranges of the schema."""
    drawn = {one.name: _draw(one, random_) for one in table_schema(table).columns if one.kind is not ColumnKind.KEY}
    return {name: value for name, value in drawn.items() if random_.random() > 0.1} | keys


def draw_history(random_: random.Random, times: int) -> dict[str, list[dict[str, Any]]]:
    """A typical client's history, or `times` as much of it."""

    def rows(table: str, count: int, key: str, per: int) -> list[dict[str, Any]]:
        return [draw_row(table, random_, **{key: place // per}) for place in range(count * times)]

    return {
        "bureau": rows("bureau", LOANS, "SK_ID_BUREAU", 1),
        "bureau_balance": rows("bureau_balance", MONTHS, "SK_ID_BUREAU", MONTHS // LOANS),
        "previous_application": rows("previous_application", APPLICATIONS, "SK_ID_PREV", 1),
        "POS_CASH_balance": rows("POS_CASH_balance", BALANCES, "SK_ID_PREV", 10),
        "installments_payments": rows("installments_payments", PAYMENTS, "SK_ID_PREV", 10),
        "credit_card_balance": rows("credit_card_balance", STATEMENTS, "SK_ID_PREV", 20),
    }


def measure(what: str, run: Callable[[], object], runs: int) -> None:
    """Print the median and the 99th percentile of the CPU time of a call."""
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        run()
        seconds.append(time.process_time() - started)
    middle, high = np.percentile(seconds, [50, 99]) * 1000
    print(f"{what:32} p50 {middle:6.2f} ms  p99 {high:6.2f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="folder of a model bundle")
    bundle = parser.parse_args().bundle
    engine = load_model(bundle).engine if bundle else RequestEngine(build_program(FORBIDDEN_COLUMNS))
    random_ = random.Random(1)  # noqa: S311 - no secret
    applicant, typical = draw_row("application", random_), draw_history(random_, 1)
    large = draw_history(random_, 10)
    print(f"{len(engine.program.features)} features")
    measure("application alone", lambda: engine.evaluate(applicant), RUNS)
    measure("typical client", lambda: engine.evaluate(applicant, engine.reduce_history(typical)), RUNS)
    measure("ten times the history", lambda: engine.evaluate(applicant, engine.reduce_history(large)), RUNS // 4)
    print(f"stored history: {len(engine.reduce_history(typical).to_bytes()):,} bytes")


if __name__ == "__main__":
    main()
