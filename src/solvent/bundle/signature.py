"""The signature of a bundle: a file beside its manifest, which covers the digest of every other file."""

from collections.abc import Callable
from pathlib import Path

from solvent.bundle.manifest import MANIFEST_FILE
from solvent.errors import BundleError

SIGNATURE_FILE = "manifest.sig"
Sign = Callable[[bytes], bytes]
IsSigned = Callable[[bytes, bytes], bool]
"""Whether the signature, given second, is that of the content."""


def sign_bundle(directory: Path, sign: Sign) -> None:
    """Sign a bundle that was read and found whole, and keep the signature in it; a signature before it is replaced.

    Raises:
        BundleError: the folder cannot be written.
    """
    try:
        (directory / SIGNATURE_FILE).write_bytes(sign((directory / MANIFEST_FILE).read_bytes()))
    except OSError as error:
        raise BundleError(f"{directory} cannot be signed ({error.strerror}): check its rights") from error


def check_signature(manifest: bytes, signature: bytes | None, is_signed: IsSigned) -> None:
    """Refuse a manifest that the trusted key has not signed; raises BundleError."""
    if signature is None:
        raise BundleError(f"{SIGNATURE_FILE} is missing, and only signed bundles are taken: `solvent model sign`")
    if not is_signed(manifest, signature):
        raise BundleError(f"{SIGNATURE_FILE} is not a signature of {MANIFEST_FILE} by the trusted key: sign it again")
