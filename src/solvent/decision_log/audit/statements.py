"""What the ledger states, read back and checked: heads of chains, erased payloads, dropped months."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from solvent.decision_log.audit.findings import Finding, Verification
from solvent.decision_log.audit.ledger import Entry, EntryKind
from solvent.decision_log.audit.signing import PublicKey

TABLE = "ledger"
ChainName = tuple[str, bytes]
"""Table and writer of a chain."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain as checkpoint `number` saw it."""

    link: bytes
    number: int


@dataclass(slots=True)
class Run:
    """Consecutive records of one chain that were dropped with their month; `link` is that of the last one."""

    first: int
    last: int
    link: bytes


@dataclass(slots=True)
class Statements:
    """Everything that the ledger says, by what it speaks of.

    `payload_months`: start and end of months whose payloads were dropped, in microseconds since 2000. `superseded`:
    digests of entries outside that a restore has lost, as a later entry says.
    """

    heads: dict[ChainName, dict[int, Head]] = field(default_factory=lambda: defaultdict(dict))
    runs: dict[ChainName, dict[int, Run]] = field(default_factory=lambda: defaultdict(dict))
    erased: set[bytes] = field(default_factory=set)
    payload_months: list[tuple[int, int]] = field(default_factory=list)
    unchained: dict[str, int] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)


def read_statements(
    entries: Iterable[Entry], outside: Iterable[Entry], key: PublicKey, verification: Verification
) -> Statements:
    """Check signature, number and order of every entry, hold them against the copies outside, and read them."""
    statements = Statements()
    copies: dict[int, list[Entry]] = defaultdict(list)
    for copy in outside:
        copies[copy.number].append(copy)
        if not key.has_signed(copy.content, copy.signature):
            _report(verification, copy.number, "the copy outside is not signed with this key")
    differing: list[Entry] = []
    previous = ""
    for expected, entry in enumerate(entries, 1):
        _check_entry(entry, expected, key, verification)
        differing += [copy for copy in copies.pop(entry.number, ()) if copy != entry]
        try:
            facts = entry.facts()
            if facts["previous"] != previous or (facts["number"], facts["kind"]) != (entry.number, entry.kind):
                _report(verification, entry.number, "the entry does not follow the one before it")
            _take(facts, statements)
        except (ValueError, KeyError, TypeError):
            _report(verification, entry.number, "the entry cannot be read")
        previous = entry.digest
        verification.counts["entries"] += 1
        verification.last_number = entry.number
    for copy in _not_superseded(differing, statements, verification):
        _report(verification, copy.number, "the entry differs from its copy outside")
    missing = [copy for number in sorted(copies) for copy in copies[number]]
    for copy in _not_superseded(missing, statements, verification):
        _report(verification, copy.number, "the entry is missing: the ledger was cut or taken back to an older state")
    return statements


def _not_superseded(copies: list[Entry], statements: Statements, verification: Verification) -> list[Entry]:
    left = [copy for copy in copies if copy.digest not in statements.superseded]
    if len(left) < len(copies):
        verification.counts["superseded by a restore"] += len(copies) - len(left)
    return left


def _check_entry(entry: Entry, expected: int, key: PublicKey, verification: Verification) -> None:
    if entry.number != expected:
        _report(verification, entry.number, f"the entry stands where number {expected} belongs")
    if not key.has_signed(entry.content, entry.signature):
        _report(verification, entry.number, "the entry is not signed with this key")


def _take(facts: dict[str, Any], statements: Statements) -> None:
    number = facts["number"]
    if facts["kind"] == EntryKind.CHECKPOINT:
        for table, writer, sequence, link in facts["heads"]:
            statements.heads[table, UUID(writer).bytes][sequence] = Head(bytes.fromhex(link), number)
        if "unchained" in facts:
            statements.unchained = facts["unchained"]
    elif facts["kind"] == EntryKind.ERASED:
        statements.erased |= {UUID(request).bytes for request in facts["requests"]}
    elif facts["kind"] == EntryKind.RESTORED:
        statements.superseded.update(facts["superseded"])
    elif facts["kind"] == EntryKind.RETIRED:
        for writer, first, last, link in facts["runs"]:
            runs = statements.runs[facts["table"], UUID(writer).bytes]
            runs[first] = Run(first, last, bytes.fromhex(link))
        if facts["table"] == "decision_payloads":
            statements.payload_months.append((facts["from"], facts["to"]))


def _report(verification: Verification, number: int, text: str) -> None:
    verification.report(Finding(f"entry {number}: {text}", TABLE))
