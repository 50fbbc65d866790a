"""Every kind of tampering that a superuser can think of is found, and nothing else is (RELIABILITY.md, T-16)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from sealed_logs import SealedLog, sealed_log

from solvent.decision_log.audit.canonical import frame
from solvent.decision_log.audit.chain import first_link, next_link
from solvent.decision_log.audit.signing import make_signer
from solvent.decision_log.audit.verification import open_snapshot, verify
from solvent.decision_log.database import schema
from solvent.decision_log.database.connections import SyncConnection
from solvent.decision_log.database.embedded import EmbeddedServer
from solvent.decision_log.database.roles import AS_AUDITOR
from solvent.errors import DecisionLogError

if TYPE_CHECKING:
    from solvent.scoring.model import Model

pytestmark = pytest.mark.postgres

FIRST_WRITER = "(SELECT writer_id FROM decisions GROUP BY 1 HAVING count(*) = 10)"
SECOND_WRITER = "(SELECT writer_id FROM decisions GROUP BY 1 HAVING count(*) = 3)"
THIRD = f"writer_id = {FIRST_WRITER} AND sequence = 3"
REQUEST = "request_id = '018f0000-0000-7000-8000-000000000003'"
NO_CHECKS = "ALTER TABLE decisions DROP CONSTRAINT decisions_check, DROP CONSTRAINT decisions_decision_check; "

OTHER_VALUE = {
    "uuid": "'018f0000-0000-7000-8000-0000000000aa'",
    "int8": "coalesce({column}, 0) + 1000",
    "int2": "{column} + 1",
    "float8": "coalesce({column} * (1 + 1e-15), 0) + 1e-9",
    "text": "{column} || ' '",
    "bytea": "coalesce({column}, '') || '\\x00'",
    "timestamptz": "{column} + interval '1 microsecond'",
    "text[]": "{column} || 'x'::text",
    "float8[]": "{column} || 0.0::float8",
}
"""The smallest change that makes another value of each type."""


@pytest.fixture(scope="module")
def log(
    embedded_server: EmbeddedServer,
    migrated_template: str,
    model: "Model",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SealedLog]:
    folder = tmp_path_factory.mktemp("audit")
    with sealed_log(embedded_server.url, migrated_template, model.describe(), folder) as made:
        yield made


@pytest.fixture
def superuser(log: SealedLog) -> Iterator[SyncConnection]:
    """A connection that may do anything; what it did is taken back."""
    with psycopg.connect(log.url) as connection:
        yield connection
        connection.rollback()


def find(log: SealedLog, superuser: SyncConnection, tampering: str, **options: bool) -> list[str]:
    superuser.execute(tampering.encode())
    return [str(finding) for finding in log.verify(superuser, **options).findings]


def change(table: str, column: str, kind: str, where: str) -> str:
    return f"UPDATE {table} SET {column} = {OTHER_VALUE[kind].format(column=column)} WHERE {where}"


def test_finds_nothing_in_an_untouched_log(log: SealedLog, superuser: SyncConnection) -> None:
    verification = log.verify(superuser)
    assert verification.findings == []
    assert verification.describe() == (
        "nothing was changed; ledger up to entry 3; 13 decisions, 3 entries, 13 payloads, 2 request_failures, "
        "0 uncovered"
    )


def test_a_login_that_reads_every_table_verifies_and_can_change_nothing(
    log: SealedLog, superuser: SyncConnection
) -> None:
    superuser.execute("CREATE ROLE auditing_here LOGIN IN ROLE pg_read_all_data")
    superuser.execute("SET LOCAL ROLE auditing_here")
    assert log.verify(superuser).findings == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        superuser.execute("UPDATE decisions SET score = 0.5")


def test_a_reader_can_verify_the_chains_and_not_the_payloads(log: SealedLog) -> None:
    with open_snapshot(log.url, session=AS_AUDITOR) as connection:
        assert log.verify(connection, with_payloads=False).findings == []
        with pytest.raises(DecisionLogError):
            log.verify(connection)


@pytest.mark.parametrize(("column", "kind"), [*schema.DECISION_COLUMNS.items(), ("link", "bytea")])
def test_finds_any_changed_column_of_a_decision(
    log: SealedLog, superuser: SyncConnection, column: str, kind: str
) -> None:
    findings = find(log, superuser, NO_CHECKS + change("decisions", column, kind, THIRD))
    assert any(f.startswith("decisions, writer ") and ("record 3," in f or "records 3 to 3" in f) for f in findings)


@pytest.mark.parametrize(("column", "kind"), [*schema.PAYLOAD_COLUMNS.items(), ("commitment_key", "bytea")])
def test_finds_any_changed_column_of_a_payload(
    log: SealedLog, superuser: SyncConnection, column: str, kind: str
) -> None:
    findings = find(log, superuser, change("decision_payloads", column, kind, REQUEST))
    assert any(
        finding.startswith("decision_payloads, request 018f0000-0000-7000-8000-00000000000") for finding in findings
    )


@pytest.mark.parametrize(("column", "kind"), [*schema.FAILURE_COLUMNS.items(), ("link", "bytea")])
def test_finds_any_changed_column_of_a_failure(
    log: SealedLog, superuser: SyncConnection, column: str, kind: str
) -> None:
    findings = find(log, superuser, change("request_failures", column, kind, "sequence = 2"))
    assert findings
    assert all(finding.startswith("request_failures, writer ") for finding in findings)


COPY_OF_THE_THIRD = "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM decisions WHERE " + THIRD + "; "

TAMPERINGS = {
    "the first decision removed": (
        f"DELETE FROM decisions WHERE writer_id = {FIRST_WRITER} AND sequence = 1",
        "record 2, request 018f0000-0000-7000-8000-000000000002: records 1 to 1 before it are missing",
    ),
    "one in the middle removed": (
        f"DELETE FROM decisions WHERE {THIRD}",
        "record 4, request 018f0000-0000-7000-8000-000000000004: records 3 to 3 before it are missing",
    ),
    "the last one removed": (
        f"DELETE FROM decisions WHERE writer_id = {FIRST_WRITER} AND sequence = 10",
        "record 10: records 10 to 10 are missing at the end: checkpoint 2 covers them",
    ),
    "the tail cut off": (
        f"DELETE FROM decisions WHERE writer_id = {FIRST_WRITER} AND sequence > 4",
        "record 5: records 5 to 10 are missing at the end: checkpoint 2 covers them",
    ),
    "a whole writer removed": (
        f"DELETE FROM decisions WHERE writer_id = {SECOND_WRITER}",
        "record 1: records 1 to 3 are missing at the end: checkpoint 3 covers them",
    ),
    "everything removed": ("TRUNCATE decisions", "records 1 to 10 are missing at the end: checkpoint 2 covers them"),
    "a decision added between two": (
        COPY_OF_THE_THIRD
        + "UPDATE copied SET request_id = gen_random_uuid(); INSERT INTO decisions SELECT * FROM copied",
        "this number was given before",
    ),
    "a decision added at the end": (
        COPY_OF_THE_THIRD + "UPDATE copied SET request_id = gen_random_uuid(), sequence = 11; "
        "INSERT INTO decisions SELECT * FROM copied",
        "record 11, ",
    ),
    "two decisions swapped": (
        f"UPDATE decisions SET sequence = 7 - sequence WHERE sequence IN (3, 4) AND writer_id = {FIRST_WRITER}",
        "record 3, request 018f0000-0000-7000-8000-000000000004: a column, or the link itself",
    ),
    "the scores of two decisions swapped": (
        f"UPDATE decisions SET score = 3 - sequence WHERE sequence IN (3, 4) AND writer_id = {FIRST_WRITER}",
        "record 3, request 018f0000-0000-7000-8000-000000000003: a column, or the link itself",
    ),
    "a decision given to another writer": (
        f"UPDATE decisions SET writer_id = {SECOND_WRITER}, sequence = 4 WHERE {THIRD}",
        "record 4, request 018f0000-0000-7000-8000-000000000004: records 3 to 3 before it are missing",
    ),
    "the payloads of two decisions swapped": (
        (
            "UPDATE decision_payloads a SET input = b.input, features = b.features, client_id = b.client_id, "
            "commitment_key = b.commitment_key FROM decision_payloads b WHERE b.request_id <> a.request_id AND "
            "a.client_id IN (100003, 100004) AND b.client_id IN (100003, 100004)"
        ),
        "decision_payloads, request 018f0000-0000-7000-8000-000000000003: a column is not what the decision commits to",
    ),
    "a payload removed without a word": (
        f"DELETE FROM decision_payloads WHERE {REQUEST}",
        "decision_payloads, request 018f0000-0000-7000-8000-000000000003: the payload is missing",
    ),
    "a payload of nobody added": (
        (
            "INSERT INTO decision_payloads SELECT gen_random_uuid(), timestamp, client_id, loan_amount, input, "
            "stored_history, features, top_numbers, top_categories, commitment_key FROM decision_payloads "
            f"WHERE {REQUEST}"
        ),
        "a payload without a decision",
    ),
    "the links taken away": ("UPDATE decisions SET link = ''", "record 1, "),
    "the commitment taken away": (
        (
            f"UPDATE decisions SET commitment = '' WHERE {THIRD}; "
            f"UPDATE decision_payloads SET commitment_key = '' WHERE {REQUEST}"
        ),
        "record 3, request 018f0000-0000-7000-8000-000000000003: a column, or the link itself",
    ),
    "decisions of a time before the chain added": (
        COPY_OF_THE_THIRD
        + "UPDATE copied SET request_id = gen_random_uuid(), writer_id = gen_random_uuid(), link = ''; "
        "INSERT INTO decisions SELECT * FROM copied",
        "decisions: 1 records have no link, 0 were made before the chain",
    ),
    "a failure removed": ("DELETE FROM request_failures WHERE sequence = 1", "record 2, request"),
    "all failures removed": ("DELETE FROM request_failures", "record 1: records 1 to 2 are missing at the end"),
    "a threshold changed in the models": ("UPDATE models SET threshold = 0.9", "no model has the digest"),
    "the names of the top features changed": (
        "UPDATE models SET top_features = ARRAY['a', 'b', 'c']",
        "its digests or features are not those of its manifest",
    ),
    "a manifest changed": ("UPDATE models SET manifest = manifest || ' '", "models: "),
    "a model removed": ("DELETE FROM models", "no model has the digest"),
    "a model file changed": ("UPDATE model_files SET content = content || '\\x00'", "models: "),
    "a model file replaced": (
        "UPDATE model_files SET content = (SELECT content FROM model_files ORDER BY digest LIMIT 1)",
        "was altered in the log",
    ),
    "a model file removed": ("DELETE FROM model_files", "is missing: its decisions cannot be replayed"),
    "a ledger entry changed": (
        "UPDATE ledger SET content = replace(convert_from(content, 'UTF8'), '2026', '2025')::bytea WHERE number = 2",
        "ledger: entry 2: the entry is not signed with this key",
    ),
    "a ledger entry renamed": (
        "UPDATE ledger SET kind = 'erased' WHERE number = 2",
        "ledger: entry 2: the entry does not follow the one before it",
    ),
    "a ledger entry removed": (
        "DELETE FROM chain_heads WHERE number = 2; DELETE FROM ledger WHERE number = 2",
        "ledger: entry 3: the entry stands where number 2 belongs",
    ),
    "the ledger cut": (
        "DELETE FROM chain_heads WHERE number = 3; DELETE FROM ledger WHERE number = 3",
        "ledger: entry 3: the entry is missing: the ledger was cut or taken back to an older state",
    ),
    "the ledger emptied": ("TRUNCATE ledger, chain_heads", "ledger: entry 1: the entry is missing"),
    "an unreadable ledger entry": (
        "UPDATE ledger SET content = 'no JSON' WHERE number = 2",
        "ledger: entry 2: the entry cannot be read",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_finds_tampering(log: SealedLog, superuser: SyncConnection, name: str) -> None:
    tampering, expected = TAMPERINGS[name]
    findings = find(log, superuser, tampering)
    assert any(expected in finding for finding in findings), findings


def rebuild(superuser: SyncConnection, writer: str) -> None:
    """Make every link of a writer anew, as somebody would who knows how."""
    columns = ", ".join(schema.DECISION_COLUMNS)
    writer_id, link = superuser.execute(f"SELECT {writer}".encode()).fetchone()[0], b""  # type: ignore[index]
    link = first_link("decisions", writer_id)
    query = f"SELECT request_id, ({columns})::text FROM decisions WHERE writer_id = %s ORDER BY sequence"
    for request_id, _ in superuser.execute(query.encode(), (writer_id,)).fetchall():
        values = superuser.execute(
            f"SELECT {columns} FROM decisions WHERE request_id = %s".encode(), (request_id,), binary=True
        )
        raw = values.pgresult
        assert raw is not None
        link = next_link(link, frame([raw.get_value(0, i) for i in range(len(schema.DECISION_COLUMNS))]))
        superuser.execute("UPDATE decisions SET link = %s WHERE request_id = %s", (link, request_id))


def test_finds_a_chain_that_was_rebuilt_without_a_flaw(log: SealedLog, superuser: SyncConnection) -> None:
    superuser.execute(f"UPDATE decisions SET score = 9 WHERE {THIRD}".encode())
    rebuild(superuser, FIRST_WRITER)
    findings = [str(finding).partition(", ")[2].partition(", ")[2] for finding in log.verify(superuser).findings]
    assert findings == [
        "record 6, request 018f0000-0000-7000-8000-000000000006: records 1 to 6 were rebuilt after checkpoint 1",
        "record 10, request 018f0000-0000-7000-8000-00000000000d: records 7 to 10 were rebuilt after checkpoint 2",
    ]


def test_rebuilding_what_is_unchanged_gives_the_links_that_the_writer_made(
    log: SealedLog, superuser: SyncConnection
) -> None:
    rebuild(superuser, FIRST_WRITER)
    assert log.verify(superuser).findings == []


GO_BACK = f"""
DELETE FROM chain_heads WHERE number > 1; DELETE FROM ledger WHERE number > 1;
DELETE FROM request_failures; DELETE FROM decisions WHERE writer_id = {SECOND_WRITER};
DELETE FROM decisions WHERE sequence > 6;
DELETE FROM decision_payloads p WHERE NOT EXISTS (SELECT FROM decisions d WHERE d.request_id = p.request_id)
"""


def test_finds_a_database_that_was_taken_back_to_an_old_backup(log: SealedLog, superuser: SyncConnection) -> None:
    assert find(log, superuser, GO_BACK) == [
        "ledger: entry 2: the entry is missing: the ledger was cut or taken back to an older state",
        "ledger: entry 3: the entry is missing: the ledger was cut or taken back to an older state",
    ]


def test_an_old_backup_is_not_seen_without_the_copies_outside(log: SealedLog, superuser: SyncConnection) -> None:
    assert find(log, superuser, GO_BACK, with_outside=False) == []


def test_finds_a_ledger_that_was_signed_with_another_key(
    log: SealedLog, superuser: SyncConnection, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_signer(tmp_path_factory.mktemp("other") / "signing.key")
    for number, content in superuser.execute("SELECT number, content FROM ledger").fetchall():
        superuser.execute("UPDATE ledger SET signature = %s WHERE number = %s", (other.sign(content), number))
    assert verify(superuser, other.public_key).findings == []
    findings = [str(finding) for finding in log.verify(superuser).findings]
    assert findings[0] == "ledger: entry 1: the entry is not signed with this key"
    assert "ledger: entry 1: the entry differs from its copy outside" in findings


def test_leaves_out_the_payloads_if_asked(log: SealedLog, superuser: SyncConnection) -> None:
    assert find(log, superuser, "DELETE FROM decision_payloads", with_payloads=False) == []
