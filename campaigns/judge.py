"""Judges the decision log after a fault: does it hold what callers were told, once, unaltered, and nothing else?"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A 200 that a caller got: its Idempotency-Key, the decision in it, and the digest of the whole body."""

    key: str
    client_id: int
    request_id: str
    probability: float
    body_digest: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as the log holds it, with its place in the chain of its writer."""

    client_id: int
    request_id: str
    probability: float
    writer_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of what must not be.

    `lost`: decisions that were acknowledged and are not recorded. `doubled`: request ids that are recorded more than
    once. `decided_twice`: clients with several decisions, though each had one key. `changed`: keys that were answered
    with several bodies. `foreign`: acknowledged decisions that are recorded for another client. `altered`: recorded
    with another probability than answered, in any bit. `unasked`: recorded for a client that nobody asked about.
    `denied`: recorded, though the caller's last word was a refusal that promises that nothing is. `holes`: numbers
    missing from a writer's chain. `unverified`: what verifying the chains against the ledger found. `different`:
    decisions that a replay does not give again, bit for bit.
    """

    lost: int
    doubled: int
    decided_twice: int
    changed: int
    foreign: int
    altered: int
    unasked: int
    denied: int
    holes: int
    unverified: int = 0
    different: int = 0

    @property
    def failures(self) -> int:
        """How much of it there is."""
        return sum(asdict(self).values())

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing of it."""
        return not self.failures

    def describe(self) -> str:
        """Say it in two lines."""
        counts = ", ".join(f"{name} {count}" for name, count in asdict(self).items())
        verdict = "every 200 is recorded exactly once" if self.is_clean else "THE LOG IS NOT WHAT CALLERS WERE TOLD"
        return f"{counts}\n{verdict}"


def judge(
    told: Sequence[Acknowledged],
    kept: Sequence[Recorded],
    *,
    asked: Collection[int],
    denied: Collection[int] = (),
    unverified: int = 0,
    different: int = 0,
) -> Verdict:
    """Hold what callers were told against the log.

    Args:
        told: every 200; each client must have used one key, and no other client that.
        kept: every decision in the log.
        asked: the clients about whom something was sent.
        denied: the clients whose requests all ended in an answer after which nothing may be recorded (any status
            but 200, and 503 `outcome-unknown` excepted).
        unverified: findings of a verification of the log.
        different: decisions that a replay gave otherwise.
    """
    records = {record.request_id: record for record in kept}
    found = [(answer, records[answer.request_id]) for answer in told if answer.request_id in records]
    return Verdict(
        lost=len({answer.request_id for answer in told} - set(records)),
        doubled=_count_repeated(record.request_id for record in kept),
        decided_twice=_count_repeated(record.client_id for record in kept),
        changed=_count_repeated(key for key, _ in {(answer.key, answer.body_digest) for answer in told}),
        foreign=sum(answer.client_id != record.client_id for answer, record in found),
        altered=sum(answer.probability != record.probability for answer, record in found),
        unasked=sum(record.client_id not in asked for record in kept),
        denied=sum(record.client_id in denied for record in kept),
        holes=_count_holes(kept),
        unverified=unverified,
        different=different,
    )


def _count_repeated(values: Iterable[object]) -> int:
    return sum(count > 1 for count in Counter(values).values())


def _count_holes(kept: Iterable[Recorded]) -> int:
    chains = defaultdict(set)
    for record in kept:
        chains[record.writer_id].add(record.sequence)
    return sum(max(numbers) - len(numbers) for numbers in chains.values())
