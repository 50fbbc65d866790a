"""Makes the example requests from a simulated lender: one client, three clients, and twelve cases.

    python tools/make_examples.py --world DIR --bundle BUNDLE [--out examples]

No client exists. Bodies are clients of application_test with their history; what makes a case is chosen by what the
model of BUNDLE says of them, or planted. examples/cases.json says of each case what it shows and what must come back.
"""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from solvent.api.app import create_app
from solvent.api.services import Services
from solvent.bootstrap import build_service, load_model
from solvent.cli.applications import Body, read_bodies
from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.clock import utc_now
from solvent.scoring.model import Model
from solvent.scoring.process import new_request_id
from solvent.tables.schemas import HISTORY_TABLES

ROOT = Path(__file__).resolve().parents[1]
LOOKED_AT = 600
LARGEST_BYTES = 24_000
EXTERNAL_SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")


@dataclass(frozen=True, slots=True)
class Scored:
    """A client and what the model says of it."""

    body: Body
    probability: float
    threshold: float

    @property
    def distance(self) -> float:
        """How far from the threshold, in log odds."""
        return abs(_log_odds(self.probability) - _log_odds(self.threshold))


_UNWARNED: Mapping[str, Any] = {"status": 200, "warnings": []}
CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "clear_approval": ("good scores, a moderate credit", {"status": 200, "decision": "approve"}),
    "clear_refusal": ("what a refusal looks like, with its reasons", {"status": 200, "decision": "refuse"}),
    "borderline": (
        "close to the threshold: for a person to look at",
        {"status": 200, "nearer_to_the_threshold_than": ["clear_approval", "clear_refusal"]},
    ),
    "thin_file": ("no row in any history table, and the lists say so: nothing is missing", _UNWARNED),
    "no_bureau": ("known to us, unknown to the bureau, which is no fault of the data", _UNWARNED),
    "pensioner": ("no employment: DAYS_EMPLOYED is the sentinel 365243, and not out of range", _UNWARNED),
    "new_category": (
        "an occupation that nobody knows counts as missing",
        {"status": 200, "warning": "unknown_category:OCCUPATION_TYPE"},
    ),
    "missing_ext_source": (
        "the clear approval without any external score: allowed, and riskier",
        {**_UNWARNED, "riskier_than": "clear_approval"},
    ),
    "huge_income": (
        "117 million a year, as one row of the real tables has: beyond what a required column may hold",
        {"status": 422, "code": "invalid-application"},
    ),
    "revolving": ("a card instead of a cash loan", _UNWARNED),
    "invalid": (
        "a text for a number, a field that does not exist: named, and not repeated",
        {"status": 422, "code": "invalid-application"},
    ),
    "repeated_key": ("sent twice with one Idempotency-Key: the same bytes come back", {"status": 200, "repeats": True}),
}
"""What each case shows, and what must come back."""


def main() -> int:
    """Write the examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, required=True, help="folder of a simulated lender")
    parser.add_argument("--bundle", type=Path, required=True, help="a model trained on it")
    parser.add_argument("--out", type=Path, default=ROOT / "examples", help="folder to write to")
    arguments = parser.parse_args()
    bodies = [body for body in read_bodies(arguments.world, LOOKED_AT, seed=7) if len(json.dumps(body)) < LARGEST_BYTES]
    scored = asyncio.run(score(load_model(arguments.bundle), bodies))
    write_examples(arguments.out, scored)
    return 0


async def score(model: Model, bodies: Sequence[Body]) -> list[Scored]:
    """Ask the API in this process for each body."""
    service = build_service(model, MemoryDecisionLog())
    await service.start()
    app = create_app(Services(service, utc_now, new_request_id, LARGEST_BYTES, LARGEST_BYTES))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://solvent.test") as client:
        answers = [(await client.post("/predict", json=body)).raise_for_status().json() for body in bodies]
    return [
        Scored(body, answer["probability_default"], answer["threshold_used"])
        for body, answer in zip(bodies, answers, strict=True)
    ]


def write_examples(out: Path, scored: Sequence[Scored]) -> None:
    """Write one_client.json, three_clients.json, cases/*.json and cases.json."""
    (out / "cases").mkdir(parents=True, exist_ok=True)
    bodies = choose_clients(scored)
    bodies |= plant(bodies["clear_approval"])
    for name in CASES:
        _write(out / "cases" / f"{name}.json", bodies[name])
    listed = [{"name": name, "shows": shows, "expected": expected} for name, (shows, expected) in CASES.items()]
    _write(out / "cases.json", {"cases": listed})
    _write(out / "one_client.json", bodies["clear_approval"])
    three = [bodies[name] for name in ("clear_approval", "clear_refusal", "thin_file")]
    _write(out / "three_clients.json", {"clients": three})


def choose_clients(scored: Sequence[Scored]) -> dict[str, Body]:
    """The cases that are clients as they came."""
    cash = [one for one in scored if one.body["NAME_CONTRACT_TYPE"] == "Cash loans" and _is_well_known(one.body)]
    return {
        "clear_approval": min(cash, key=lambda one: one.probability).body,
        "clear_refusal": max(cash, key=lambda one: one.probability).body,
        "borderline": min(cash, key=lambda one: one.distance).body,
        "thin_file": _first(scored, lambda one: not any(one[name] for name in HISTORY_TABLES)),
        "no_bureau": _first(scored, lambda one: not one["bureau"] and bool(one["previous_application"])),
        "pensioner": _first(scored, lambda one: one["NAME_INCOME_TYPE"] == "Pensioner" and bool(one["bureau"])),
        "revolving": _first(scored, lambda one: one["NAME_CONTRACT_TYPE"] == "Revolving loans"),
    }


def plant(approval: Body) -> dict[str, Body]:
    """The cases that are the clear approval with something changed."""
    return {
        "new_category": {**approval, "OCCUPATION_TYPE": "Robot trainer"},
        "missing_ext_source": {name: value for name, value in approval.items() if name not in EXTERNAL_SCORES},
        "huge_income": {**approval, "AMT_INCOME_TOTAL": 117_000_000.0},
        "invalid": {**approval, "AMT_CREDIT": "a lot", "MOOD": "hopeful"},
        "repeated_key": approval,
    }


def _is_well_known(body: Body) -> bool:
    return bool(body["bureau"]) and all(name in body for name in EXTERNAL_SCORES)


def _first(scored: Sequence[Scored], fits: Callable[[Body], bool]) -> Body:
    return next(one.body for one in scored if fits(one.body))


def _log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
