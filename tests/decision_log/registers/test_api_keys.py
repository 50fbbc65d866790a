from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from log_examples import ReadRows

from solvent.decision_log.figures.questions import open_reader
from solvent.decision_log.registers.api_keys import (
    MAX_KEYS,
    KeyInForce,
    KeyReader,
    Scope,
    create_key,
    digest_key,
    find_key,
    list_keys,
    revoke_key,
)
from solvent.decision_log.registers.model_switches import list_switches, record_switch
from solvent.decision_log.registers.shadow_scores import ShadowScore, ShadowStore
from solvent.domain.clock import utc_now
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import DecisionLogError, LogUnavailableError

pytestmark = [pytest.mark.postgres, pytest.mark.anyio]

LATER = datetime(2100, 1, 1, tzinfo=UTC)


async def _read(url: str) -> Mapping[str, KeyInForce]:
    reader = KeyReader(url)
    try:
        return await reader()
    finally:
        await reader.close()


async def test_a_key_is_known_by_its_digest_and_kept_nowhere(database_url: str, rows: ReadRows) -> None:
    key = create_key(database_url, "loan desk", {Scope.SCORE, Scope.READ}, expires_at=LATER, who="anna")
    assert len(key) == 60
    known = await _read(database_url)
    found = find_key(key, known, utc_now())
    assert found == KeyInForce(key[4:16], digest_key(key), frozenset({"score", "read"}), LATER)
    assert rows("SELECT digest, scopes, name, created_by FROM api_keys") == [
        (digest_key(key), ["read", "score"], "loan desk", "anna")
    ]
    (dump,) = rows("SELECT string_agg(api_keys::text, '') FROM api_keys")
    assert key[17:] not in dump[0]


async def test_keys_are_never_the_same(database_url: str) -> None:
    keys = {create_key(database_url, "a", {Scope.READ}, expires_at=LATER, who="anna") for _ in range(5)}
    assert len(keys) == 5


async def test_a_revoked_or_expired_key_is_in_force_no_more(database_url: str) -> None:
    good, revoked = (
        create_key(database_url, name, {Scope.READ}, expires_at=LATER, who="anna") for name in ("good", "revoked")
    )
    create_key(database_url, "expired", {Scope.READ}, expires_at=utc_now() - timedelta(seconds=1), who="anna")
    first = revoke_key(database_url, revoked[4:16], who="bert")
    again = revoke_key(database_url, revoked[4:16], who="carl")
    assert (first.who, first.is_new) == ("bert", True)
    assert (again.who, again.at, again.is_new) == ("bert", first.at, False)
    assert set(await _read(database_url)) == {good[4:16]}
    assert [(entry.name, entry.revoked_at is not None) for entry in list_keys(database_url)] == [
        ("good", False), ("revoked", True), ("expired", False),
    ]  # fmt: skip


def test_a_key_that_expires_while_it_is_known_is_refused() -> None:
    key = f"slv_{1:012x}_{'A' * 43}"
    known = {f"{1:012x}": KeyInForce(f"{1:012x}", digest_key(key), frozenset({"read"}), LATER)}
    assert find_key(key, known, LATER - timedelta(seconds=1)) is not None
    assert find_key(key, known, LATER) is None


def test_an_unknown_key_cannot_be_revoked(database_url: str) -> None:
    with pytest.raises(DecisionLogError, match="no key with this id: `solvent keys list`"):
        revoke_key(database_url, "0" * 12, who="anna")


async def test_only_so_many_keys_are_known_and_the_newest_win(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO api_keys (key_id, digest, name, scopes, created_at, created_by, expires_at) "
            "SELECT lpad(to_hex(n), 12, '0'), sha256('x'), 'n', '{read}', date '2026-01-01' + n * interval '1 s',"
            f" 'anna', '2100-01-01' FROM generate_series(0, {MAX_KEYS}) n"
        )
    known = await _read(database_url)
    assert len(known) == MAX_KEYS
    assert "0" * 12 not in known


@pytest.mark.parametrize("change", ["scopes = '{score,root}'", "scopes = '{}'", "digest = 'short'", "key_id = 'A'"])
def test_the_database_refuses_a_key_that_makes_no_sense(database_url: str, change: str) -> None:
    create_key(database_url, "a", {Scope.READ}, expires_at=LATER, who="anna")
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE api_keys SET {change}".encode())


async def test_without_tables_or_database_the_remedy_is_told(unmigrated_url: str, tmp_path: object) -> None:
    with pytest.raises(DecisionLogError, match="run `solvent db upgrade`"):
        list_keys(unmigrated_url)
    with pytest.raises(LogUnavailableError):
        await _read(f"postgresql://postgres@/postgres?host={tmp_path}")


def test_switches_are_kept_with_time_and_asker_and_refusals_too(database_url: str) -> None:
    made = ModelSwitch(SwitchKind.RELOAD, "key", "v1", "v2", "digest")
    refused = ModelSwitch(SwitchKind.RELOAD, "key", "v2", None, None, refusal="model.txt is missing")
    before = utc_now()
    for switch in (made, refused):
        record_switch(database_url, switch)
    with open_reader(database_url) as connection:
        newest, oldest = list_switches(connection)
    assert (newest.refusal, newest.model_version, oldest.refusal, oldest.model_version) == (
        "model.txt is missing", None, None, "v2",
    )  # fmt: skip
    assert newest.switched_at is not None
    assert before - timedelta(seconds=5) < newest.switched_at < utc_now() + timedelta(seconds=5)


def test_a_switch_without_a_model_or_a_refusal_makes_no_sense(database_url: str) -> None:
    with pytest.raises(DecisionLogError, match="cannot be recorded"):
        record_switch(database_url, ModelSwitch(SwitchKind.RELOAD, "key", "v1", None, None))


def test_shadow_scores_are_kept_once(database_url: str, rows: ReadRows) -> None:
    score = ShadowScore(UUID(int=7), LATER, "v2", "digest", -1.5, 0.25, "approve")
    store = ShadowStore(database_url)
    store.keep([score])
    store.keep([score])
    assert store.find_history(1, "program") is None
    store.close()
    assert rows("SELECT request_id, timestamp, model_version, score, decision FROM shadow_scores") == [
        (UUID(int=7), LATER, "v2", -1.5, "approve")
    ]


def test_a_shadow_store_comes_back_after_the_database_was_away(database_url: str, rows: ReadRows) -> None:
    store = ShadowStore(database_url)
    assert store.find_history(1, "program") is None
    rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'solvent-shadow'")
    with pytest.raises(DecisionLogError, match="cannot be kept now"):
        store.find_history(1, "program")
    assert store.find_history(1, "program") is None
    store.close()
