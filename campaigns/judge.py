"""Judges the decision log after crashes: does it hold what callers were told, once, and nothing twice?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A 200 that a caller got: its Idempotency-Key, and the decision in it."""

    key: str
    client_id: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as the log holds it."""

    client_id: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of what must not be.

    `lost`: decisions that were acknowledged and are not recorded. `doubled`: request ids that are recorded more than
    once. `decided_twice`: clients with several decisions, though each had one key. `changed`: keys that were answered
    with several decisions. `foreign`: acknowledged decisions that are recorded for another client.
    """

    lost: int
    doubled: int
    decided_twice: int
    changed: int
    foreign: int

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing of it."""
        return not any((self.lost, self.doubled, self.decided_twice, self.changed, self.foreign))


def judge(acknowledged: Iterable[Acknowledged], recorded: Iterable[Recorded]) -> Verdict:
    """Hold what callers were told against the log; every client must have used one key, and no other client that."""
    told, kept = list(acknowledged), list(recorded)
    clients = {record.request_id: record.client_id for record in kept}
    answers = {(answer.key, answer.request_id) for answer in told}
    return Verdict(
        lost=len({answer.request_id for answer in told} - set(clients)),
        doubled=_count_repeated(record.request_id for record in kept),
        decided_twice=_count_repeated(record.client_id for record in kept),
        changed=_count_repeated(key for key, _ in answers),
        foreign=sum(clients.get(answer.request_id, answer.client_id) != answer.client_id for answer in told),
    )


def _count_repeated(values: Iterable[object]) -> int:
    return sum(count > 1 for count in Counter(values).values())
