"""The hash chain of a writer: each record carries a link that rests on every earlier record of that writer.

    leaf   = SHA256(0x00 || canonical record)
    link_n = SHA256(0x01 || link_(n-1) || leaf_n)

The two prefixes keep leaves and links apart, as in RFC 6962, section 2.1. The first link rests on the chain's name.
"""

import hmac
import os
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID, uuid4

from solvent.decision_log.audit.canonical import VERSION, Value, frame
from solvent.decision_log.database.schema import CHAINED_TABLES

KEY_BYTES = 32
LINK_BYTES = 32


@dataclass(slots=True)
class Chain:
    """One writer's chain in one table; `sequence` is the number of its last record, `link` that record's link."""

    table: str
    writer_id: UUID
    sequence: int = 0
    link: bytes = b""

    def __post_init__(self) -> None:
        self.link = self.link or first_link(self.table, self.writer_id)

    def copy(self) -> "Chain":
        return Chain(self.table, self.writer_id, self.sequence, self.link)

    def append(self, covered: bytes) -> bytes:
        """Add a record, given as its framed columns, and return its link."""
        self.sequence += 1
        self.link = next_link(self.link, covered)
        return self.link


@dataclass(frozen=True, slots=True)
class Position:
    """Where a writer stands: the ends of its chains after its last commit."""

    writer_id: UUID = field(default_factory=uuid4)
    chains: dict[str, Chain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table in CHAINED_TABLES:
            self.chains.setdefault(table, Chain(table, self.writer_id))

    @property
    def records(self) -> int:
        """How many records the writer has written."""
        return sum(chain.sequence for chain in self.chains.values())

    def copy(self) -> "Position":
        """The same position, to move on from in a transaction that may fail."""
        return Position(self.writer_id, {table: chain.copy() for table, chain in self.chains.items()})


def first_link(table: str, writer_id: UUID) -> bytes:
    """What the first record's link rests on."""
    return sha256(b"solvent %b %d " % (table.encode(), VERSION) + writer_id.bytes).digest()


def next_link(link: bytes, covered: bytes) -> bytes:
    """The link of the record whose framed columns these are."""
    return sha256(b"\x01" + link + sha256(b"\x00" + covered).digest()).digest()


def commit_to(payload: list[Value]) -> tuple[bytes, bytes]:
    """Draw a key for the personal part of a decision; return it with the commitment to that part.

    The commitment stays when part and key are erased. Without the key it tells nothing, not even to somebody who can
    guess the whole input.
    """
    key = os.urandom(KEY_BYTES)
    return key, commitment(key, frame(payload))


def commitment(key: bytes, covered: bytes) -> bytes:
    """HMAC-SHA256 of the framed columns of a payload."""
    return hmac.digest(key, covered, "sha256")
