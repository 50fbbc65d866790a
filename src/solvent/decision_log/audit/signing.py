"""The key that signs the ledger: Ed25519, in a file that only its owner can read."""

import hashlib
import hmac
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from solvent.errors import UnsafeLogError


class PublicKey:
    """Checks signatures; whoever holds it can verify the ledger, and nobody can sign with it."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def fingerprint(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the raw key."""
        return hashlib.sha256(self._key.public_bytes_raw()).hexdigest()[:16]

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the content."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Signer:
    """Signs ledger entries, and gives clients the names under which the ledger speaks of them."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._pseudonym_key = hashlib.sha256(b"solvent pseudonym\0" + key.private_bytes_raw()).digest()

    @property
    def public_key(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)

    def pseudonym(self, client_id: int) -> str:
        """HMAC-SHA256 of the client under the key of this deployment: only its holder can tell who is meant."""
        return hmac.digest(self._pseudonym_key, str(client_id).encode(), "sha256").hex()


def public_key_path(key_file: Path) -> Path:
    """Where the public half of a key lies."""
    return key_file.with_suffix(".pub")


def make_signer(key_file: Path) -> Signer:
    """Read the key, or make one with its public half beside it if there is none yet.

    Raises:
        UnsafeLogError: see `read_signer`.
    """
    key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = key_file.with_suffix(f".{os.getpid()}")
    _write_private(fresh, content)
    try:
        os.link(fresh, key_file)  # whole or not at all, and the first of several processes wins
    except FileExistsError:
        return read_signer(key_file)
    else:
        public_key_path(key_file).write_bytes(PublicKey(key.public_key()).to_pem())
        return Signer(key)
    finally:
        fresh.unlink()


def read_signer(key_file: Path) -> Signer:
    """Read the key.

    Raises:
        UnsafeLogError: there is none, others may read it (its mode is not 0600), or it is not an Ed25519 key.
    """
    try:
        status = key_file.stat()
        content = key_file.read_bytes()
    except OSError as error:
        raise UnsafeLogError(
            f"the signing key {key_file} cannot be read ({error.strerror}): set SOLVENT_AUDIT_KEY_FILE to it, or make "
            "one with `solvent ledger key`"
        ) from error
    if stat.S_IMODE(status.st_mode) != 0o600 or status.st_uid != os.geteuid():
        raise UnsafeLogError(f"the signing key {key_file} must be readable by its owner alone: chmod 600 {key_file}")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnsafeLogError(f"{key_file} holds no Ed25519 key in PEM: make one with `solvent ledger key`")
    return Signer(key)


def read_public_key(path: Path) -> PublicKey:
    """Read a public key; raises UnsafeLogError if the file holds none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnsafeLogError(f"{path} holds no public key: give the .pub file of the signing key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnsafeLogError(f"{path} holds a key of another kind than Ed25519")
    return PublicKey(key)


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
