"""Where a key is trusted, a bundle is taken only with that key's signature."""

from pathlib import Path

import pytest
from bundle_parts import CONTENTS, write
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from solvent.bundle.files import check_destination, read_bundle, write_bundle
from solvent.bundle.signature import SIGNATURE_FILE, sign_bundle
from solvent.decision_log.audit.signing import PublicKey
from solvent.errors import BundleError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
is_signed = PublicKey(KEY.public_key()).has_signed


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write(tmp_path / "bundle")


def test_a_signed_bundle_is_read_with_and_without_the_key(directory: Path) -> None:
    sign_bundle(directory, KEY.sign)
    assert read_bundle(directory, is_signed=is_signed).version == read_bundle(directory).version


def test_an_unsigned_bundle_is_refused(directory: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.sig is missing, and only signed bundles are taken"):
        read_bundle(directory, is_signed=is_signed)


def test_the_signature_of_another_key_is_refused(directory: Path) -> None:
    sign_bundle(directory, OTHER_KEY.sign)
    with pytest.raises(BundleError, match=r"manifest\.sig is not a signature of manifest\.json by the trusted key"):
        read_bundle(directory, is_signed=is_signed)


def test_the_signature_of_another_bundle_is_refused(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other)
    (other / "manifest.json").write_bytes((other / "manifest.json").read_bytes() + b" ")
    sign_bundle(other, KEY.sign)
    (directory / SIGNATURE_FILE).write_bytes((other / SIGNATURE_FILE).read_bytes())
    with pytest.raises(BundleError, match="by the trusted key"):
        read_bundle(directory, is_signed=is_signed)


@pytest.mark.parametrize("content", [b"", b"x", bytes(64), bytes(65)])
def test_what_is_no_signature_is_refused(directory: Path, content: bytes) -> None:
    (directory / SIGNATURE_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=r"manifest\.sig"):
        read_bundle(directory, is_signed=is_signed)


def test_a_signed_bundle_may_be_replaced_as_any_other(directory: Path) -> None:
    sign_bundle(directory, KEY.sign)
    check_destination(directory, replace=True)
    write_bundle(directory, CONTENTS, replace=True)
    assert not (directory / SIGNATURE_FILE).exists()
