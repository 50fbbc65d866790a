"""Writes a bundle as a folder, and reads one back only if every byte is what training wrote."""

import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from solvent.bundle.agreement import MODEL_FILE, PROGRAM_FILE, check_model_text, check_program
from solvent.bundle.calibration import CALIBRATION_FILE, Calibration
from solvent.bundle.json_form import read_document, render_json
from solvent.bundle.manifest import MANIFEST_FILE, Manifest, sha256
from solvent.bundle.policy import POLICY_FILE, read_policy, render_policy
from solvent.bundle.signature import SIGNATURE_FILE, IsSigned, check_signature
from solvent.domain.policy import Policy
from solvent.errors import BundleError, FeatureError
from solvent.features.program import Program

REFERENCE_FILE = "reference.parquet"
PROFILE_FILE = "profile.json"
EVALUATION_FILE = "evaluation.json"
MODEL_CARD_FILE = "model_card.md"
LISTED_FILES = frozenset(
    {
        MODEL_FILE,
        PROGRAM_FILE,
        CALIBRATION_FILE,
        POLICY_FILE,
        REFERENCE_FILE,
        PROFILE_FILE,
        EVALUATION_FILE,
        MODEL_CARD_FILE,
    }
)
"""Every file of a bundle but the manifest, which lists them."""
LARGEST_FILE_BYTES = 256 * 2**20
"""A model of 3,000 trees with 24 leaves has 6 MB: anything beyond this is not a bundle of ours."""


@dataclass(frozen=True)
class BundleContents:
    """What training puts into a bundle; `reference` is Parquet, `created_at` is aware."""

    program: Program
    model_text: str
    calibration: Calibration
    policy: Policy
    reference: bytes
    profile: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    model_card: str
    top_features: tuple[str, ...]
    training_rows: int
    data_fingerprint: str
    code_version: str
    lightgbm_version: str
    created_at: datetime


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. The reference is checked too, and left in its file for who needs it."""

    directory: Path
    manifest: Manifest
    program: Program
    model_text: str
    calibration: Calibration
    policy: Policy
    profile: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    model_card: str

    @property
    def version(self) -> str:
        """Name of the model in answers and records."""
        return self.manifest.version

    @property
    def digest(self) -> str:
        """See `Manifest.digest`."""
        return self.manifest.digest

    @property
    def reference_path(self) -> Path:
        """Parquet of scored rows that no part of the model was fitted on."""
        return self.directory / REFERENCE_FILE


def write_bundle(directory: Path, contents: BundleContents, *, replace: bool = False) -> Manifest:
    """Write a bundle to a temporary folder beside `directory`, read it back as a check, and move it there.

    Raises:
        BundleError: the folder holds a bundle and `replace` is false, or holds something else; or the contents do not
            fit together. Nothing is left behind and nothing is replaced.
    """
    check_destination(directory, replace=replace)
    files = _render_files(contents)
    manifest = _describe(contents, files)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=directory.parent) as temporary:
            fresh = Path(temporary) / "new"
            fresh.mkdir()
            for name, content in {**files, MANIFEST_FILE: manifest.to_json()}.items():
                _write_durably(fresh / name, content)
            read_bundle(fresh)
            _put_in_place(fresh, directory, old=Path(temporary) / "old")
    except OSError as error:
        raise BundleError(f"{directory} cannot be written ({error.strerror}): check its place and space") from error
    return manifest


def _put_in_place(fresh: Path, directory: Path, *, old: Path) -> None:
    """Rename the new folder to its place; if that fails or is interrupted, the old one goes back to where it was."""
    replaced = directory.exists()
    if replaced:
        directory.rename(old)
    try:
        fresh.rename(directory)
    except BaseException:
        if replaced:
            old.rename(directory)
        raise


def check_destination(directory: Path, *, replace: bool) -> None:
    """Raise BundleError if a bundle may not be written there; ask before the work of training, not after it."""
    if not directory.exists() and not directory.is_symlink():
        return
    if directory.is_symlink() or not directory.is_dir():
        raise BundleError(f"{directory} is not a folder of its own: give another place for the bundle")
    names = {entry.name for entry in directory.iterdir()}
    if names and not (MANIFEST_FILE in names and names <= LISTED_FILES | {MANIFEST_FILE, SIGNATURE_FILE}):
        raise BundleError(f"{directory} holds other files than those of a bundle: give another place for the bundle")
    if names and not replace:
        raise BundleError(f"{directory} already holds a bundle: give another place, or say that it may be replaced")


def read_bundle(directory: Path, *, is_signed: IsSigned | None = None) -> Bundle:
    """Read a bundle: first signature and digests, then the contents of the files, then whether they belong together.

    Args:
        directory: of the bundle.
        is_signed: tells whether a trusted key signed the manifest; without it a signature is not looked at.

    Raises:
        BundleError: any file is missing, added, altered, empty, too large, not a plain file, of an unknown protocol or
            in disagreement with another. The message is one line and names the file.
    """
    _check_names(directory)
    described = _read_file(directory, MANIFEST_FILE)
    if is_signed is not None:
        has_one = (directory / SIGNATURE_FILE).exists()
        check_signature(described, _read_file(directory, SIGNATURE_FILE) if has_one else None, is_signed)
    manifest = Manifest.from_json(described)
    if set(manifest.files) != LISTED_FILES:
        raise BundleError(f"{MANIFEST_FILE} does not list the files of a bundle: train the bundle again")
    files = {name: _read_file(directory, name) for name in sorted(LISTED_FILES)}
    for name, content in files.items():
        if sha256(content) != manifest.files[name]:
            raise BundleError(f"{name} does not match its digest in {MANIFEST_FILE}: copy the bundle again")
    bundle = _parse(directory, manifest, files)
    check_program(bundle.program, manifest, bundle.policy.forbidden_columns)
    check_model_text(bundle.model_text, bundle.program)
    return bundle


def _parse(directory: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Bundle:
    try:
        program = Program.from_json(files[PROGRAM_FILE])
    except FeatureError as error:
        raise BundleError(f"{PROGRAM_FILE} is not a program that this version reads: train the bundle again") from error
    return Bundle(
        directory=directory,
        manifest=manifest,
        program=program,
        model_text=_decode(MODEL_FILE, files[MODEL_FILE]),
        calibration=Calibration.from_json(files[CALIBRATION_FILE]),
        policy=read_policy(files[POLICY_FILE]),
        profile=read_document(files[PROFILE_FILE], file=PROFILE_FILE),
        evaluation=read_document(files[EVALUATION_FILE], file=EVALUATION_FILE),
        model_card=_decode(MODEL_CARD_FILE, files[MODEL_CARD_FILE]),
    )


def _decode(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BundleError(f"{name} is not in UTF-8: train the bundle again") from error


def _check_names(directory: Path) -> None:
    try:
        present = {entry.name for entry in os.scandir(directory)}
    except OSError as error:
        raise BundleError(f"{directory} cannot be opened as a folder: give the folder of a model bundle") from error
    expected = LISTED_FILES | {MANIFEST_FILE}
    for name in sorted(expected - present):
        raise BundleError(f"{name} is missing in {directory}: copy the whole bundle again")
    for name in sorted(present - expected - {SIGNATURE_FILE}):
        raise BundleError(f"{name!a} does not belong into a bundle: remove it from {directory}")


def _read_file(directory: Path, name: str) -> bytes:
    try:
        # A link could show one content to the check and another to the reader; a pipe would never end.
        descriptor = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BundleError(f"{name} is not a plain file: copy the bundle again")
            if not 0 < status.st_size <= LARGEST_FILE_BYTES:
                fault = "is empty" if status.st_size == 0 else "is too large"
                raise BundleError(f"{name} {fault}: copy the bundle again")
            return stream.read(LARGEST_FILE_BYTES)
    except OSError as error:
        raise BundleError(f"{name} cannot be opened as a plain file (no links): copy the bundle again") from error


def _render_files(contents: BundleContents) -> dict[str, bytes]:
    return {
        MODEL_FILE: contents.model_text.encode(),
        PROGRAM_FILE: contents.program.to_json(),
        CALIBRATION_FILE: contents.calibration.to_json(),
        POLICY_FILE: render_policy(contents.policy),
        REFERENCE_FILE: contents.reference,
        PROFILE_FILE: render_json(contents.profile),
        EVALUATION_FILE: render_json(contents.evaluation),
        MODEL_CARD_FILE: contents.model_card.encode(),
    }


def _describe(contents: BundleContents, files: Mapping[str, bytes]) -> Manifest:
    return Manifest(
        created_at=contents.created_at.astimezone(UTC).replace(microsecond=0),
        files={name: sha256(content) for name, content in files.items()},
        data_fingerprint=contents.data_fingerprint,
        code_version=contents.code_version,
        lightgbm_version=contents.lightgbm_version,
        n_features=len(contents.program.features),
        training_rows=contents.training_rows,
        top_features=contents.top_features,
    )


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
