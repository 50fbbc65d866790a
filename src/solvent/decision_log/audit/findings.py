"""What a verification found, and how much it looked at."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

Report = Callable[["Finding"], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was recorded, and where; `sequence` is the number within the writer's chain."""

    text: str
    table: str
    writer_id: UUID | None = None
    sequence: int | None = None
    request_id: UUID | None = None

    def __str__(self) -> str:
        where = [self.table]
        where += [] if self.writer_id is None else [f"writer {self.writer_id}"]
        where += [] if self.sequence is None else [f"record {self.sequence}"]
        where += [] if self.request_id is None else [f"request {self.request_id}"]
        return f"{', '.join(where)}: {self.text}"


@dataclass(slots=True)
class Verification:
    """Counts by what was looked at, and the findings, the first ones in full.

    `counts` holds records by table, `payloads`, `erased`, `entries` of the ledger, and `uncovered`: records after the
    last checkpoint, chained but not yet signed for.
    """

    MOST_FINDINGS = 100

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    last_number: int = 0

    def describe(self) -> str:
        """What was looked at, and how much was found, in one line."""
        counted = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        verdict = f"{self.finding_count} findings" if self.finding_count else "nothing was changed"
        return f"{verdict}; ledger up to entry {self.last_number}; {counted}"

    def report(self, finding: Finding) -> None:
        """Keep a finding; beyond the first hundred they are only counted."""
        self.finding_count += 1
        if len(self.findings) < self.MOST_FINDINGS:
            self.findings.append(finding)
