"""Recomputes the chain of every writer from the rows, and holds it against the signed ledger.

The server is asked for rows in their canonical form and trusted with nothing else: every hash is made here.
"""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID

import psycopg

from solvent.decision_log.audit.chain import KEY_BYTES, LINK_BYTES, commitment, first_link
from solvent.decision_log.audit.findings import Finding, Verification
from solvent.decision_log.audit.ledger import Entry, read_ledger
from solvent.decision_log.audit.signing import PublicKey
from solvent.decision_log.audit.statements import ChainName, Head, Run, Statements, read_statements
from solvent.decision_log.database.connections import SyncConnection, begin_session, connect_sync
from solvent.decision_log.database.schema import CHAINED_TABLES, DECISION_COLUMNS, PAYLOAD_COLUMNS
from solvent.decision_log.registers.models import check_model, list_models
from solvent.domain.progress import Progress, silent
from solvent.errors import DecisionLogError

MOST_UNCOVERED = 10_000
"""Records of one chain that may follow its last checkpoint (RELIABILITY.md, P-04)."""

CHAINS = "COPY (SELECT {columns}, link FROM {table} ORDER BY writer_id, sequence) TO STDOUT (FORMAT binary)"
PAYLOADS = """
COPY (
    SELECT request_id, timestamp, d.commitment, p.commitment_key, {columns}
    FROM decisions d FULL JOIN decision_payloads p USING (request_id, timestamp)
) TO STDOUT (FORMAT binary)
"""
SESSION = """
SET work_mem = '128MB';
SET enable_partitionwise_join = on;
SET timezone = 'UTC'
"""

_LINK_FIELD = 4 + LINK_BYTES
_LINK_LENGTH = struct.pack(">i", LINK_BYTES)
_NO_LINK = struct.pack(">i", 0)
_INT4, _INT8 = struct.Struct(">i"), struct.Struct(">q")
# Of a row of COPY: field count, then each field behind its length; see `schema` for the order of the fields.
_WRITER = slice(6, 22)
_SEQUENCE_AT = 26
_REQUEST = slice(38, 54)
_MODEL = slice(70, 102)


@contextmanager
def open_snapshot(url: str, *, session: str | None = None) -> Iterator[SyncConnection]:
    """Open a connection that sees the log as it was at its first statement: decisions and erasures go on meanwhile.

    Args:
        url: of the database.
        session: with whose rights, a beginning of `roles`; None keeps those of the login.

    Raises:
        DecisionLogError: the database is away, or the login may not act so.
    """
    with connect_sync(url, application_name="solvent-verify") as connection:
        if session is not None:
            begin_session(connection, session)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def verify(
    connection: SyncConnection,
    key: PublicKey,
    *,
    outside: Iterable[Entry] = (),
    with_payloads: bool = True,
    progress: Progress = silent,
) -> Verification:
    """Look at every record that the log holds, and at what the ledger says should be there.

    Args:
        connection: of `open_snapshot`; nothing is changed.
        key: that the ledger must be signed with.
        outside: entries that were kept outside the database; without them a superuser could have rewritten it all.
        with_payloads: also hold the personal part of each decision against its commitment: most of the bytes.
        progress: told which table is being read.

    Raises:
        DecisionLogError: the database cannot be read.
    """
    verification = Verification()
    try:
        connection.execute(SESSION)
        with connection.transaction():
            statements = read_statements(read_ledger(connection), outside, key, verification)
            models: set[bytes] = set()
            for table in CHAINED_TABLES:
                progress(table, 0.0)
                _verify_chains(connection, table, statements, verification, models)
            if with_payloads:
                progress("decision_payloads", 0.5)
                _verify_payloads(connection, statements, verification)
            _verify_models(connection, models, verification)
    except psycopg.Error as error:
        raise DecisionLogError("the log cannot be read: run `solvent db check`") from error
    return verification


class _Walk:
    """Goes along one chain, from its first record to its last."""

    def __init__(self, name: ChainName, statements: Statements, verification: Verification) -> None:
        self._table, self._writer = name
        self._heads: dict[int, Head] = statements.heads.get(name, {})
        self._runs: dict[int, Run] = statements.runs.get(name, {})
        self._verification = verification
        self._sequence = 0
        self._link: bytes | None = first_link(self._table, UUID(bytes=self._writer))
        self.unchained = 0

    def step(self, row: bytes) -> None:
        """Take the next row; on a fault report it and go on from what is stored."""
        if row[-4:] == _NO_LINK and row[-_LINK_FIELD:-LINK_BYTES] != _LINK_LENGTH and not self._heads:
            self.unchained += 1
            return
        (sequence,) = _INT8.unpack_from(row, _SEQUENCE_AT)
        if sequence != self._sequence + 1:
            self._find_gap(sequence, row)
        self._sequence = sequence
        if self._link is not None:
            link = sha256(b"\x01" + self._link + sha256(b"\x00" + row[2:-_LINK_FIELD]).digest()).digest()
            if row[-LINK_BYTES:] != link:
                self._report("a column, or the link itself, is not what was recorded", row)
        self._link = row[-LINK_BYTES:]
        if sequence in self._heads:
            self._check_head(row)

    def finish(self) -> None:
        """Find out whether the chain ends before its last checkpoint, or long after it."""
        self._skip_runs()
        covered = max(self._heads, default=0)
        if self._sequence < covered:
            number = self._heads[covered].number
            missing = f"{self._sequence + 1} to {covered}"
            self._report(f"records {missing} are missing at the end: checkpoint {number} covers them", None)
        uncovered = max(0, self._sequence - covered)
        self._verification.counts["uncovered"] += uncovered
        if uncovered > MOST_UNCOVERED:
            self._report(f"{uncovered} records follow the last checkpoint, at most {MOST_UNCOVERED} may", None)

    def _find_gap(self, sequence: int, row: bytes) -> None:
        self._skip_runs()
        if sequence <= self._sequence:
            self._report("this number was given before, or its month was dropped", row)
            self._link = None
        elif sequence > self._sequence + 1:
            self._report(f"records {self._sequence + 1} to {sequence - 1} before it are missing", row)
            self._link = None

    def _skip_runs(self) -> None:
        """Pass over records that were dropped with their month, as a signed entry says."""
        while (run := self._runs.get(self._sequence + 1)) is not None:
            self._sequence, self._link = run.last, run.link
            head = self._heads.get(run.last)
            if head is not None and head.link != run.link:
                self._report(f"the dropped records before it differ from checkpoint {head.number}", None)

    def _check_head(self, row: bytes) -> None:
        head = self._heads[self._sequence]
        if head.link != self._link:
            earlier = max((number for number in self._heads if number < self._sequence), default=0)
            self._report(f"records {earlier + 1} to {self._sequence} were rebuilt after checkpoint {head.number}", row)

    def _report(self, text: str, row: bytes | None) -> None:
        """Report a fault of a row, or one behind the last row."""
        writer = UUID(bytes=self._writer)
        if row is None:
            finding = Finding(text, self._table, writer, self._sequence + 1)
        else:
            (sequence,) = _INT8.unpack_from(row, _SEQUENCE_AT)
            finding = Finding(text, self._table, writer, sequence, UUID(bytes=row[_REQUEST]))
        self._verification.report(finding)


def _verify_chains(
    connection: SyncConnection, table: str, statements: Statements, verification: Verification, models: set[bytes]
) -> None:
    query = CHAINS.format(columns=", ".join(CHAINED_TABLES[table]), table=table)
    has_model = CHAINED_TABLES[table] is DECISION_COLUMNS
    unseen = {writer for chained, writer in {*statements.heads, *statements.runs} if chained == table}
    walk, writer, records, unchained = None, b"", 0, 0
    for row in _copy(connection, query):
        if row[_WRITER] != writer or walk is None:
            if walk is not None:
                walk.finish()
                unchained += walk.unchained
            writer = row[_WRITER]
            unseen.discard(writer)
            walk = _Walk((table, writer), statements, verification)
        walk.step(row)
        records += 1
        if has_model:
            models.add(row[_MODEL])
    if walk is not None:
        walk.finish()
        unchained += walk.unchained
    for missing in sorted(unseen):
        _Walk((table, missing), statements, verification).finish()
    verification.counts[table] = records
    if unchained != (allowed := statements.unchained.get(table, 0)):
        verification.report(Finding(f"{unchained} records have no link, {allowed} were made before the chain", table))


def _verify_payloads(connection: SyncConnection, statements: Statements, verification: Verification) -> None:
    columns = ", ".join(f"p.{name}" for name in PAYLOAD_COLUMNS)
    counts = verification.counts
    for row in _copy(connection, PAYLOADS.format(columns=columns)):
        request = bytes(row[6:22])
        (moment,) = _INT8.unpack_from(row, 26)
        committed, at = _field(row, 34)
        key, at = _field(row, at)
        is_erased = request in statements.erased or any(
            start <= moment < end for start, end in statements.payload_months
        )
        text = _judge_payload(committed, key, row[at:], is_erased=is_erased)
        if text:
            verification.report(Finding(text, "decision_payloads", request_id=UUID(bytes=request)))
        counts["payloads" if key is not None else "erased"] += 1


def _judge_payload(committed: bytes | None, key: bytes | None, covered: bytes, *, is_erased: bool) -> str | None:
    if committed is None:
        return "a payload without a decision"
    if key is None:
        return None if is_erased else "the payload is missing, and the ledger speaks of no erasure"
    if is_erased:
        return "the payload is here, and the ledger says that it was erased"
    if not committed and not key:
        return None  # made before there was a chain; a chained decision's commitment is covered by its link
    # HMAC takes a key with zero bytes behind it for the same key.
    if len(key) == KEY_BYTES and commitment(key, covered) == committed:
        return None
    return "a column is not what the decision commits to"


def _verify_models(connection: SyncConnection, used: set[bytes], verification: Verification) -> None:
    known = list_models(connection)
    for model in known:
        for text in check_model(connection, model):
            verification.report(Finding(f"{model.model_version}: {text}", "models"))
    for digest in sorted(used - {model.digest for model in known} - {b""}):
        verification.report(
            Finding(f"no model has the digest {bytes(digest).hex()} that decisions name: a row was changed", "models")
        )


def _copy(connection: SyncConnection, query: str) -> Iterator[bytes]:
    """Yield the rows of a binary COPY as they come: two bytes of field count, then the fields behind their lengths."""
    with connection.cursor().copy(query.encode()) as copy:
        is_first = True
        for block in copy:
            row = bytes(block)
            if is_first:  # the signature of 11 bytes, flags, and the length of an empty header extension
                row, is_first = row[19:], False
            if len(row) > 2:
                yield row


def _field(row: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = _INT4.unpack_from(row, at)
    start = at + 4
    return (None, start) if length < 0 else (row[start : start + length], start + length)
