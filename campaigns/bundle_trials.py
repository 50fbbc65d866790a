"""The process that tries spoiled bundles, as the API loads them: it may crash or hang, and somebody else looks on."""

import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from bundle_mutations import Mutation, flip, list_mutations, read_contents, restore
from solvent.bundle.manifest import MANIFEST_FILE
from solvent.errors import BundleError

SLOW_SECONDS = 2.0
"""A refusal takes less (RELIABILITY.md, T-09)."""
MEMORY_BYTES = 4 * 2**30
"""What a spoiled model may make LightGBM ask for."""
REFUSED = "refused"
READY = "ready"
_REASONS = {
    "does not match its digest": "digest",
    "does not match its own checksum": "checksum",
    "is missing": "files",
    "does not belong": "files",
    "is empty": "files",
    "too large": "files",
    "plain file": "files",
    "is not JSON": "form",
    "not in the form": "form",
    "not in UTF-8": "form",
}


class Trial(NamedTuple):
    """What became of one mutation: `outcome` is "refused" or how it failed, `reason` what it was refused for."""

    number: int
    kind: str
    outcome: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """Which mutations of which bundle to try."""

    bundle: Path
    mutations: int
    first: int = 0
    seed: int = 0
    without_digests: bool = False


class _Counter:
    """Counts the boosters that are made."""

    def __init__(self) -> None:
        import lightgbm  # noqa: PLC0415 - only the process that loads bundles needs it

        self.calls = 0
        make = lightgbm.Booster.__init__

        def counted(booster: object, *arguments: object, **options: object) -> None:
            self.calls += 1
            make(booster, *arguments, **options)

        lightgbm.Booster.__init__ = counted


class _AnyDigest(str):
    """Equals every digest."""

    __slots__ = ()

    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = str.__hash__


def choose_mutations(plan: Plan) -> Iterator[Mutation]:
    """Yield the mutations of the plan, from the first one on; the control flips bits of listed files only."""
    contents = read_contents(plan.bundle)
    chance = random.Random(plan.seed)  # noqa: S311 - reproducible mutations
    if plan.without_digests:
        names = sorted(set(contents) - {MANIFEST_FILE})
        made = (_flip_at_random(contents, names, chance) for _ in range(plan.first + plan.mutations))
        return islice(made, plan.first, None)
    return islice(list_mutations(contents, chance), plan.first, plan.first + plan.mutations)


def _flip_at_random(contents: dict[str, bytes], names: list[str], chance: random.Random) -> Mutation:
    name = chance.choice(names)
    return flip("bit at random", contents, name, chance.randrange(len(contents[name])), chance.randrange(8))


def try_mutations(pipe: Connection, plan: Plan, done: int) -> None:
    """Try the mutations of the plan but those that are done, and send each trial: the life of a child process."""
    from solvent.bootstrap import load_model  # noqa: PLC0415 - it imports LightGBM
    from solvent.bundle import files  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    counter = _Counter()
    contents = read_contents(plan.bundle)
    with tempfile.TemporaryDirectory(prefix="solvent-matrix-") as place:
        folder = Path(place) / "bundle"
        folder.mkdir()
        restore(folder, contents, tuple(contents))
        load_model(folder)
        if counter.calls != 1:
            raise RuntimeError("the counter does not see how the loader calls LightGBM")
        if plan.without_digests:
            vars(files).update(sha256=lambda _: _AnyDigest())
            _silence()
        pipe.send(READY)
        for number, mutation in enumerate(islice(choose_mutations(plan), done, None), plan.first + done):
            mutation.apply(folder)
            before, started = counter.calls, time.perf_counter()
            try:
                load_model(folder)
                message, outcome = "", "accepted"
            except BundleError as error:
                message, outcome = str(error), REFUSED
            except Exception as error:  # noqa: BLE001 - what a loader must not raise is a finding
                message, outcome = "", f"raised {type(error).__name__}"
            seconds = time.perf_counter() - started
            outcome = _look_closer(outcome, message, mutation, reached=counter.calls > before, seconds=seconds)
            pipe.send(Trial(number, mutation.kind, outcome, _find_reason(message), seconds))
            restore(folder, contents, mutation.names)
    pipe.send(None)


def _silence() -> None:
    """LightGBM says much of what it is given."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _look_closer(outcome: str, message: str, mutation: Mutation, *, reached: bool, seconds: float) -> str:
    if outcome != REFUSED:
        return outcome
    if reached:
        return "refused by LightGBM only"
    if "\n" in message or not any(ascii(name)[1:-1] in message for name in mutation.names):
        return "refused without naming a file at fault in one line"
    return REFUSED if seconds <= SLOW_SECONDS else "refused too slowly"


def _find_reason(message: str) -> str:
    return next((reason for words, reason in _REASONS.items() if words in message), "agreement")
