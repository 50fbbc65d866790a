"""The manifest: what a bundle is, and the digest of each of its files."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from solvent.bundle.json_form import FieldReader, read_document, render_json
from solvent.errors import BundleError

PROTOCOL = 1
MANIFEST_FILE = "manifest.json"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[a-z_]+\.[a-z]+")


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """What a bundle is.

    `files`: SHA-256 of every other file, by name. `created_at`: aware, UTC, whole seconds. `top_features`: the most
    important features, by gain, the first one first. `training_rows`: applications the booster was fitted on.
    """

    created_at: datetime
    files: Mapping[str, str]
    data_fingerprint: str
    code_version: str
    lightgbm_version: str
    n_features: int
    training_rows: int
    top_features: tuple[str, ...]
    protocol: int = PROTOCOL

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the digests of all other files: it stands for what the bundle decides, whenever it was made."""
        listed = "".join(f"{name}:{digest}\n" for name, digest in sorted(self.files.items()))
        return sha256(listed.encode())

    @cached_property
    def version(self) -> str:
        """Day of training and first six digits of the digest: `2026.11.23+3fa9c1`."""
        day = self.created_at
        return f"{day.year}.{day.month}.{day.day}+{self.digest[:6]}"

    def to_json(self) -> bytes:
        """Render the manifest; its `checksum` covers every other line."""
        document = {field.name: getattr(self, field.name) for field in fields(self)}
        document |= {"created_at": self.created_at.isoformat(), "version": self.version}
        return render_json(document | {"checksum": sha256(render_json(document))})

    @staticmethod
    def from_json(content: bytes) -> "Manifest":
        """Read a manifest back.

        Raises:
            BundleError: the bytes are altered, or of a protocol that this version does not know.
        """
        document = read_document(content, file=MANIFEST_FILE)
        if document.get("protocol") != PROTOCOL:
            raise BundleError(f"{MANIFEST_FILE} has another protocol than {PROTOCOL}: use the Solvent that wrote it")
        checksum = document.pop("checksum", None)
        if checksum != sha256(render_json(document)):
            raise BundleError(f"{MANIFEST_FILE} does not match its own checksum: copy the bundle again")
        return _read_manifest(document)


def _read_manifest(document: dict[str, Any]) -> Manifest:
    names = {field.name for field in fields(Manifest)} | {"version"}
    read = FieldReader(document, names, file=MANIFEST_FILE)
    manifest = Manifest(
        created_at=_read_time(read),
        files=_read_files(read),
        data_fingerprint=read.text("data_fingerprint"),
        code_version=read.text("code_version"),
        lightgbm_version=read.text("lightgbm_version"),
        n_features=read.integer("n_features"),
        training_rows=read.integer("training_rows"),
        top_features=read.texts("top_features"),
    )
    if read.text("version") != manifest.version:
        raise read.error("names a version that is not the one of its files")
    return manifest


def _read_time(read: FieldReader) -> datetime:
    try:
        time = datetime.fromisoformat(read.text("created_at"))
    except ValueError as error:
        raise read.error("holds no time in created_at") from error
    if time.utcoffset() != UTC.utcoffset(None) or time.microsecond:
        raise read.error("holds a created_at that is not in whole seconds of UTC")
    return time


def _read_files(read: FieldReader) -> dict[str, str]:
    files = read.mapping("files")
    if not all(map(_PLAIN_NAME.fullmatch, files)):
        raise read.error("lists a file whose name is not a plain one")
    if not all(map(_DIGEST.fullmatch, files.values())):
        raise read.error("lists a digest that is not a SHA-256")
    return files
