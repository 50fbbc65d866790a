"""T-09: spoils a bundle in thousands of ways; each must be refused before LightGBM sees it.

    python campaigns/bundle_matrix.py --bundle BUNDLE [--mutations 2000] [--first 0] [--starts 10] [--seed 0]
                                      [--without-digests]

Each mutation (`bundle_mutations.py`) alters a copy, which a process of its own then loads as the API does. It must be
refused within 2 s, in one line that names a file at fault, and without a call of LightGBM; a crash or a hang of the
process counts too. Some are also given to `solvent api`, which must end with code 78. `--first` goes on where another
run with the same seed ended. With `--without-digests` every digest counts as right: the negative control, in which
spoiled bundles must get through. The verdict goes to `evidence/T-09.jsonl`. Exit code 0 if all was refused, else 1.
"""

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bundle_mutations import Mutation, read_contents, restore
from bundle_trials import READY, REFUSED, Plan, Trial, choose_mutations, try_mutations
from evidence import add_evidence

HANG_SECONDS = 10.0
"""After this time without a word the process is ended."""
START_SECONDS = 60.0


@dataclass
class Tally:
    """Trials by outcome, refusals by reason, kinds seen, and examples of failures."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def failures(self) -> int:
        """Trials that were not refused as they must be."""
        return self.outcomes.total() - self.outcomes[REFUSED]

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self.outcomes[trial.outcome] += 1
        self.kinds[trial.kind] += 1
        self.slowest = max(self.slowest, trial.seconds)
        if trial.outcome == REFUSED:
            self.reasons[trial.reason] += 1
        elif len(self.examples) < 10:
            self.examples.append(f"{trial.number} ({trial.kind}): {trial.outcome}")


def run_matrix(plan: Plan) -> Tally:
    """Try every mutation in a child process; begin a new one where one crashes or hangs."""
    tally = Tally()
    done = 0
    while done < plan.mutations:
        for trial in _trials_of_a_child(plan, done):
            tally.add(trial)
            done += 1
            if done % 1000 == 0:
                print(f"{done} of {plan.mutations} mutations", file=sys.stderr)
    return tally


def _trials_of_a_child(plan: Plan, done: int) -> Iterator[Trial]:
    """Yield what a child finds; if it ends or hangs before its last mutation, that one is its last trial."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=try_mutations, args=(theirs, plan, done))
    child.start()
    theirs.close()
    number = plan.first + done
    try:
        if not ours.poll(START_SECONDS) or ours.recv() != READY:
            raise RuntimeError("the process that loads bundles does not start")
        while ours.poll(HANG_SECONDS):
            trial = ours.recv()
            if trial is None:
                return
            yield trial
            number = trial.number + 1
        yield Trial(number, "unknown", "hung", "", HANG_SECONDS)
    except EOFError:
        child.join()
        yield Trial(number, "unknown", f"crashed with {child.exitcode}", "", 0.0)
    finally:
        child.kill()
        child.join()


def find_bad_starts(plan: Plan, count: int) -> list[str]:
    """Give one mutation of each of so many kinds to `solvent api`; return those that did not end with code 78."""
    kinds: dict[str, Mutation] = {}
    for mutation in choose_mutations(plan):
        kinds.setdefault(mutation.kind, mutation)
    chosen = random.Random(plan.seed).sample(sorted(kinds), min(count, len(kinds)))  # noqa: S311 - reproducible
    contents = read_contents(plan.bundle)
    bad = []
    with tempfile.TemporaryDirectory(prefix="solvent-matrix-") as place:
        folder = Path(place) / "bundle"
        folder.mkdir()
        restore(folder, contents, tuple(contents))
        for kind in chosen:
            kinds[kind].apply(folder)
            fault = _start(folder, kinds[kind])
            if fault:
                bad.append(f"{kind}: {fault}")
            restore(folder, contents, kinds[kind].names)
    return bad


def _start(folder: Path, mutation: Mutation) -> str | None:
    command = [sys.executable, "-m", "solvent.cli", "api", "--bundle", str(folder), "--port", "1"]
    variables = {**os.environ, "SOLVENT_HOME": str(folder.parent), "SOLVENT_ENVIRONMENT": "local"}
    try:
        ended = subprocess.run(command, env=variables, capture_output=True, timeout=START_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "it did not end"
    told = ended.stderr.decode().strip()
    if ended.returncode != 78 or "\n" in told or not any(ascii(name)[1:-1] in told for name in mutation.names):
        return f"it ended with code {ended.returncode}"
    return None


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--mutations", type=int, default=2000, help="how many to try (default 2000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default 0)")
    parser.add_argument("--starts", type=int, default=10, help="kinds that are given to `solvent api` (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="of order and random mutations (default 0)")
    parser.add_argument("--without-digests", action="store_true", help="the negative control: every digest is right")
    options = parser.parse_args()
    plan = Plan(options.bundle, options.mutations, options.first, options.seed, options.without_digests)
    tally = run_matrix(plan)
    starts = 0 if plan.without_digests else options.starts
    bad = find_bad_starts(plan, starts)
    failures = tally.failures + len(bad)
    print(f"{len(tally.kinds)} kinds of mutation; outcomes {dict(tally.outcomes)}; slowest {tally.slowest:.2f} s")
    print(f"refused by: {dict(tally.reasons)}")
    print("\n".join([*tally.examples, *bad]) or "nothing spoiled got through")
    name = "T-09 without digests" if plan.without_digests else "T-09"
    facts = {
        "first": plan.first,
        "kinds": len(tally.kinds),
        "starts": starts,
        "slowest_seconds": round(tally.slowest, 3),
    }
    counts = {"refused_by": dict(tally.reasons), "outcomes": dict(tally.outcomes)}
    print(add_evidence(name, seed=plan.seed, trials=plan.mutations + starts, failures=failures, **facts, **counts))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
