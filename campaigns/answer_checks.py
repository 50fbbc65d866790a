"""What no answer of the API may be, whatever it was asked."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SLOW_SECONDS = 1.0
"""No answer takes longer (RELIABILITY.md, P-35)."""
MAX_EXAMPLES = 5
"""Of each fault."""


@dataclass(frozen=True)
class Answer:
    """An answer as it came, header names in lower case, and the seconds that it took."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    seconds: float


@dataclass
class Findings:
    """What a run saw: requests, answers by status, faults with examples, the slowest answer.

    `stalls` names what was asked again because of its time alone: on a busy machine anything may wait for its turn
    once. What is slow again is a fault.
    """

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    stalls: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, name: str, answer: Answer, *, marker: str | None = None, has_body: bool = True) -> None:
        """Check one answer; `name` tells how to send its request again."""
        self.requests += 1
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, answer.seconds)
        for fault in find_faults(answer, marker=marker, has_body=has_body):
            self.note(fault, name)

    def note(self, fault: str, name: str) -> None:
        """Count a fault."""
        self.faults[fault] += 1
        if self.faults[fault] <= MAX_EXAMPLES:
            self.examples.append(f"{fault}: {name}")

    def describe(self) -> str:
        """Say it in some lines."""
        counts = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        first = f"{self.requests} requests, answers {counts}; slowest {self.slowest * 1000:.0f} ms"
        stalls = [f"asked again: {', '.join(self.stalls)}"] if self.stalls else []
        return "\n".join([first, *stalls, *self.examples])


def find_faults(answer: Answer, *, marker: str | None = None, has_body: bool = True) -> Iterator[str]:
    """Yield what is wrong with an answer: an error of the server, slowness, a shape that is not ours, an echo.

    `marker` is a text that only the request holds.
    """
    if answer.status >= 500 and answer.status != 503:
        yield f"answered {answer.status}"
    if answer.status == 503 and b"retry-after" not in answer.headers:
        yield "503 without Retry-After"
    if answer.seconds > SLOW_SECONDS:
        yield "slower than a second"
    if answer.status >= 400 and has_body and not _is_problem(answer):
        yield "a refusal that is not a problem document"
    told = b"\n".join([answer.body, *answer.headers, *answer.headers.values()]).lower()
    if marker is not None and marker.lower().encode() in told:
        yield "echoes what was sent"


def _is_problem(answer: Answer) -> bool:
    if answer.headers.get(b"content-type") != b"application/problem+json":
        return False
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(problem, dict) and problem.get("status") == answer.status and bool(problem.get("code"))
