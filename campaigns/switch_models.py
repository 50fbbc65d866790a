"""T-11: switches the model and restarts instances under load; no request may fail, and each answer is of one model.

    python campaigns/switch_models.py --bundle BUNDLE [--reloads 10] [--restarts 5] [--tasks 4] [--seed 0]

Two instances serve a bundle behind a symbolic link. A reload points the link at the other of two bundles that differ in
their threshold, and tells the instances by POST /admin/reload or by SIGHUP; every fourth is a rollback by
POST /admin/rollback. A restart ends one instance by SIGTERM while callers keep to those that call themselves ready, as
a load balancer does. The verdict goes to `evidence/T-11.jsonl`. Exit code 0 if no request failed and every 200 is
recorded exactly once by the model that it names, otherwise 1.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from callers import History, Load, read_history, start_callers
from evidence import add_evidence
from recorded_log import judge_history
from running_api import Instances, free_port, is_answered
from solvent.bundle.files import BundleContents, read_bundle, write_bundle
from solvent.decision_log.database.embedded import start_embedded

POLL_SECONDS = 0.05
DRAIN_SECONDS = 1.5
"""How long an instance that is not ready any more answers on."""
SWITCH_SECONDS = 5.0
"""Longest time from the order to the new model (RELIABILITY.md, P-15)."""
LOAD_SECONDS = 0.5
"""Load between two switches."""

THRESHOLDS = (0.3, 0.2)
MANIFEST_FACTS = (
    "top_features", "training_rows", "data_fingerprint", "code_version", "lightgbm_version", "created_at",
)  # fmt: skip


@dataclass
class Fleet:
    """Two instances, the link that they serve, and the two bundles that it can point to, by version."""

    instances: Instances
    link: Path
    bundles: dict[str, Path]
    ports: tuple[int, ...] = field(default_factory=lambda: (free_port(), free_port()))
    slow: int = 0
    exit_codes: list[int] = field(default_factory=list)

    def start(self) -> None:
        for port in self.ports:
            self.instances.start(port)

    def switch(self, order: str) -> None:
        """Point the link at the other bundle, and tell every instance; count those that take too long."""
        now = self._version_at(self.ports[0])
        wanted = next(version for version in self.bundles if version != now)
        fresh = self.link.with_name("fresh")
        fresh.symlink_to(self.bundles[wanted])
        fresh.rename(self.link)
        for port in self.ports:
            started = time.monotonic()
            if order == "SIGHUP":
                self.instances.by_port[port].signal(signal.SIGHUP)
            else:
                _post(port, f"/admin/{order}")
            while self._version_at(port) != wanted and time.monotonic() - started < 2 * SWITCH_SECONDS:
                time.sleep(POLL_SECONDS)
            self.slow += time.monotonic() - started > SWITCH_SECONDS

    def restart(self, port: int) -> None:
        """End an instance in order, and start it again."""
        self.instances.by_port[port].signal(signal.SIGTERM)
        self.exit_codes.append(self.instances.by_port[port].wait())
        self.instances.start(port)

    async def follow(self, load: Load) -> None:
        """Keep callers to the instances that are ready, until cancelled."""
        while True:
            ready = [await asyncio.to_thread(is_answered, port, "/health/ready") for port in self.ports]
            load.ports = tuple(port for port, is_ready in zip(self.ports, ready, strict=True) if is_ready) or load.ports
            await asyncio.sleep(POLL_SECONDS)

    def _version_at(self, port: int) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/model-info", timeout=5) as answer:
            return str(json.load(answer)["model_version"])


def _post(port: int, path: str) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=b"", timeout=30).close()


def write_variant(bundle: Path, folder: Path, threshold: float) -> str:
    """Write the bundle with another threshold, and return its version."""
    found = read_bundle(bundle)
    facts = {name: getattr(found.manifest, name) for name in MANIFEST_FACTS}
    contents = BundleContents(
        program=found.program,
        model_text=found.model_text,
        calibration=found.calibration,
        policy=replace(found.policy, threshold=threshold),
        reference=found.reference_path.read_bytes(),
        profile=found.profile,
        evaluation=found.evaluation,
        model_card=found.model_card,
        **facts,
    )
    write_bundle(folder, contents)
    return read_bundle(folder).version


def count_mixed(history: History, thresholds: dict[str, float], url: str) -> int:
    """Count answers that are not wholly of one model, or whose recorded model is not the one that they name."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT request_id::text, model_version, decision_threshold FROM decisions")
        kept = {request_id: (version, threshold) for request_id, version, threshold in rows}
    mixed = sum(thresholds.get(version) != threshold for version, threshold in history.models.values())
    return mixed + sum(kept.get(request_id) != model for request_id, model in history.models.items())


async def run(options: argparse.Namespace, fleet: Fleet, home: Path) -> int:
    """Load the fleet, switch and restart it; return how many callers got no answer in the end."""
    chance = random.Random(options.seed)  # noqa: S311 - a reproducible load
    await asyncio.to_thread(fleet.start)
    with (home / "history.jsonl").open("w") as history:
        load = Load(fleet.ports, history)
        callers = start_callers(load, options.tasks)
        following = asyncio.create_task(fleet.follow(load))
        for number in range(options.reloads):
            order = "rollback" if number % 4 == 3 else chance.choice(("reload", "SIGHUP"))
            await asyncio.sleep(LOAD_SECONDS)
            await asyncio.to_thread(fleet.switch, order)
            print(f"switched {number + 1} of {options.reloads} times", file=sys.stderr)
        for number in range(options.restarts):
            await asyncio.sleep(LOAD_SECONDS)
            await asyncio.to_thread(fleet.restart, fleet.ports[number % 2])
            print(f"restarted {number + 1} of {options.restarts} times", file=sys.stderr)
        unanswered = await load.finish(callers)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    await asyncio.to_thread(fleet.instances.stop)
    return unanswered


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--reloads", type=int, default=10, help="switches of the model (default 10)")
    parser.add_argument("--restarts", type=int, default=5, help="restarts of an instance (default 5)")
    parser.add_argument("--tasks", type=int, default=4, help="callers at a time (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of the orders (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="solvent-switch-") as folder:
        home, link = Path(folder) / "home", Path(folder) / "bundle"
        places = {threshold: Path(folder) / f"bundle-{threshold}" for threshold in THRESHOLDS}
        bundles = {write_variant(options.bundle, place, threshold): place for threshold, place in places.items()}
        link.symlink_to(places[THRESHOLDS[0]])
        variables = {"SOLVENT_DRAIN_SECONDS": str(DRAIN_SECONDS)}
        with start_embedded(home / "postgres") as server:
            with Instances(link, home, variables=variables) as instances:
                fleet = Fleet(instances, link, bundles)
                unanswered = asyncio.run(run(options, fleet, home))
            history = read_history(home / "history.jsonl")
            verdict = judge_history(history, server.url, home)
            mixed = count_mixed(history, dict(zip(bundles, THRESHOLDS, strict=True)), server.url)
    refused = history.sent - history.statuses.get(200, 0)
    unclean = sum(code != 0 for code in fleet.exit_codes)
    print(
        f"{options.reloads} switches, {options.restarts} restarts, {history.sent} requests, not answered 200: {refused}"
    )
    print(f"answers by status {history.statuses}, without answer {history.unanswered}")
    print(f"mixed or wrongly recorded {mixed}, slow switches {fleet.slow}, ends not in order {unclean}")
    print(verdict.describe())
    failures = verdict.failures + refused + unanswered + mixed + fleet.slow + unclean
    trials = options.reloads + options.restarts
    facts = {"reloads": options.reloads, "restarts": options.restarts, "answers": len(history.told)}
    print(add_evidence("T-11", seed=options.seed, trials=trials, failures=failures, **facts))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
