"""The keys of the callers: made here, shown once, kept as digests."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg

from solvent.decision_log.database.connections import Row, SharedConnection, connect_sync
from solvent.errors import DecisionLogError

SECRET_BYTES = 32
"""256 random bits: nobody guesses them, so a fast hash keeps them safe (RELIABILITY.md, P-31)."""
MAX_KEYS = 10_000
"""Most keys in force at one time; every process keeps them all in memory."""

_KEY = re.compile(r"slv_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_NO_DIGEST = bytes(32)

_INSERT = """
INSERT INTO api_keys (key_id, digest, name, scopes, created_by, expires_at) VALUES (%s, %s, %s, %s, %s, %s)
"""
_LIST = """
SELECT key_id, name, scopes, created_at, created_by, expires_at, revoked_at FROM api_keys ORDER BY created_at, key_id
"""
_REVOKE = """
UPDATE api_keys SET revoked_at = now(), revoked_by = %s WHERE key_id = %s AND revoked_at IS NULL RETURNING key_id
"""
_REVOKED = "SELECT revoked_at, revoked_by FROM api_keys WHERE key_id = %s"
_IN_FORCE = f"""
SELECT key_id, digest, scopes, expires_at FROM api_keys
WHERE revoked_at IS NULL AND expires_at > now() ORDER BY created_at DESC LIMIT {MAX_KEYS}
"""  # noqa: S608 - our own constant


class Scope(StrEnum):
    """What a key may do: ask for decisions, read, change the service, erase a client, report outcomes."""

    SCORE = "score"
    READ = "read"
    ADMIN = "admin"
    ERASE = "erase"
    OUTCOMES = "outcomes"


@dataclass(frozen=True, slots=True)
class KeyInForce:
    """What a process needs to know a key again."""

    key_id: str
    digest: bytes
    scopes: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as `solvent keys list` shows it."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Revocation:
    """When a key was revoked and by whom; `is_new` if it was in force until now."""

    at: datetime
    who: str
    is_new: bool


class KeyReader:
    """Reads the keys in force for one process; it belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._connection = SharedConnection(url, "solvent-keys")

    async def __call__(self) -> Mapping[str, KeyInForce]:
        """Return the keys in force by their id, the newest `MAX_KEYS`; raises LogUnavailableError."""
        rows = await self._connection.fetch(_IN_FORCE)
        return {row[0]: KeyInForce(row[0], row[1], frozenset(row[2]), row[3]) for row in rows}

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()


def digest_key(key: str) -> bytes:
    """SHA-256 of the whole key."""
    return hashlib.sha256(key.encode()).digest()


def find_key(given: str, keys: Mapping[str, KeyInForce], now: datetime) -> KeyInForce | None:
    """Return the key in force that was given, or None; the time taken does not tell how much of it was right."""
    found = _KEY.fullmatch(given)
    known = keys.get(found[1]) if found else None
    is_same = hmac.compare_digest(digest_key(given), known.digest if known else _NO_DIGEST)
    return known if known and is_same and now < known.expires_at else None


def create_key(url: str, name: str, scopes: Collection[Scope], *, expires_at: datetime, who: str) -> str:
    """Make a key and return it; nobody can read it again. Raises DecisionLogError."""
    key_id = secrets.token_hex(6)
    key = f"slv_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    _run(url, _INSERT, (key_id, digest_key(key), name, sorted(scopes), who, expires_at))
    return key


def list_keys(url: str) -> list[KeyEntry]:
    """Return every key that was ever made, the oldest first, without what is secret. Raises DecisionLogError."""
    return [KeyEntry(row[0], row[1], tuple(row[2]), *row[3:]) for row in _run(url, _LIST)]


def revoke_key(url: str, key_id: str, *, who: str) -> Revocation:
    """End a key; every instance refuses it within 5 s. A second call changes nothing, and returns the first.

    Raises:
        DecisionLogError: there is no such key, or the database cannot be used.
    """
    is_new = bool(_run(url, _REVOKE, (who, key_id)))
    found = _run(url, _REVOKED, (key_id,))
    if not found:
        raise DecisionLogError("there is no key with this id: `solvent keys list` shows them")
    at, by = found[0]
    return Revocation(at, by, is_new)


def _run(url: str, query: str, parameters: tuple[object, ...] = ()) -> list[Row]:
    with connect_sync(url, application_name="solvent-keys") as connection:
        try:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise DecisionLogError("the keys cannot be used: run `solvent db upgrade`, then try again") from error
