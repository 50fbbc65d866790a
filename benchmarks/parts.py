"""Measures the CPU time of each part of a decision in this process, and LightGBM's own way beside ours.

    python benchmarks/parts.py --bundle BUNDLE --data DIR [--clients 200]

Prints microseconds per decision: the least of nine rounds over the same clients, so that other work on the machine
counts little. It uses only what earlier versions have too: with PYTHONPATH=OTHER/src it measures another checkout.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import orjson

from solvent.api.routes.json_gate import read_json
from solvent.bootstrap import load_model
from solvent.cli.applications import read_bodies
from solvent.features.request_engine import ReducedHistory
from solvent.scoring.applications import accept_application
from solvent.scoring.process import memory_usage_mb
from solvent.tables.schemas import HISTORY_TABLES

ROUNDS = 9


def measure(run: Callable[[Any], object], items: Sequence[Any]) -> float:
    """CPU microseconds per item, in the best round."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for item in items:
            run(item)
        rounds.append((time.process_time() - started) / len(items) * 1e6)
    return min(rounds)


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--clients", type=int, default=200, help="how many clients to take")
    options = parser.parse_args()

    model = load_model(options.bundle)
    nested = list(read_bodies(options.data, options.clients, seed=1))
    alone = [{name: value for name, value in body.items() if name not in HISTORY_TABLES} for body in nested]
    known, whole = [accept_application(body) for body in alone], [accept_application(body) for body in nested]
    payloads = [model.engine.reduce_history(one.history or {}).to_bytes() for one in whole]
    pairs = [(one.columns, ReducedHistory.from_bytes(payload)) for one, payload in zip(known, payloads, strict=True)]
    vectors = [model.compute_features(*pair) for pair in pairs]
    refused = [vector for vector in vectors if model.assess(vector).reasons]
    approved = [vector for vector in vectors if not model.assess(vector).reasons]
    booster = lightgbm.Booster(model_str=model.bundle.model_text)
    rows = [vector.astype(np.float64).reshape(1, -1) for vector in vectors]

    parts: list[tuple[str, Callable[[Any], object], Sequence[Any]]] = [
        ("JSON gate, application alone", read_json, [orjson.dumps(body) for body in alone]),
        ("JSON gate, with history rows", read_json, [orjson.dumps(body) for body in nested]),
        ("schema check, application alone", accept_application, alone),
        ("schema check, with history rows", accept_application, nested),
        ("unpacking a stored history", ReducedHistory.from_bytes, payloads),
        ("reducing history rows", lambda one: model.engine.reduce_history(one.history or {}), whole),
        ("features of a stored client", lambda pair: model.compute_features(*pair), pairs),
        ("score, policy and top values of an approval", model.assess, approved),
        ("the same with the reasons of a refusal", model.assess, refused),
        ("LightGBM predict of one row, for comparison", lambda row: booster.predict(row, num_threads=1), rows),
        ("LightGBM pred_contrib of one row", lambda row: booster.predict(row, pred_contrib=True, num_threads=1), rows),
        ("memory of the process", lambda _: memory_usage_mb(), alone),
    ]
    print(f"{booster.num_trees()} trees, {len(refused)} of {len(vectors)} refused")
    for name, run, items in parts:
        if items:
            print(f"{name:45} {measure(run, items):8.1f} us")


if __name__ == "__main__":
    main()
