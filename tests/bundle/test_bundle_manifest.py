"""The manifest of protocol 1 is read and written as it was on the day it was frozen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from solvent.bundle.json_form import render_json
from solvent.bundle.manifest import Manifest, sha256
from solvent.errors import BundleError

MANIFEST = Manifest(
    created_at=datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC),
    files={"model.txt": "a" * 64, "policy.json": "b" * 64},
    data_fingerprint="c" * 64,
    code_version="0.1.0",
    lightgbm_version="4.7.0",
    n_features=120,
    training_rows=10_200,
    top_features=("application_ext_source_mean", "bureau_debt_ratio_mean_active"),
)

FROZEN = b"""{
  "checksum": "16dc732f2ae8bd929e2ca75c2433749a3fe96bd80a12615c6b552170d8619188",
  "code_version": "0.1.0",
  "created_at": "2026-11-03T04:05:06+00:00",
  "data_fingerprint": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
  "files": {
    "model.txt": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "policy.json": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  },
  "lightgbm_version": "4.7.0",
  "n_features": 120,
  "protocol": 1,
  "top_features": [
    "application_ext_source_mean",
    "bureau_debt_ratio_mean_active"
  ],
  "training_rows": 10200,
  "version": "2026.11.3+4c7c52"
}
"""


def test_writes_protocol_1_as_it_was_frozen() -> None:
    assert MANIFEST.to_json() == FROZEN


def test_reads_protocol_1_as_it_was_frozen() -> None:
    assert Manifest.from_json(FROZEN) == MANIFEST


def test_the_version_is_the_day_and_six_digits_of_the_files() -> None:
    listed = f"model.txt:{'a' * 64}\npolicy.json:{'b' * 64}\n"
    assert MANIFEST.version == f"2026.11.3+{sha256(listed.encode())[:6]}"


def test_the_version_follows_any_file() -> None:
    assert replace(MANIFEST, files={**MANIFEST.files, "model.txt": "e" * 64}).version != MANIFEST.version


def test_the_digest_does_not_depend_on_the_moment_of_training() -> None:
    assert replace(MANIFEST, created_at=datetime(2026, 11, 4, tzinfo=UTC)).digest == MANIFEST.digest


def test_the_digest_follows_any_file() -> None:
    assert replace(MANIFEST, files={**MANIFEST.files, "policy.json": "e" * 64}).digest != MANIFEST.digest


def resealed(**changes: Any) -> bytes:
    """The frozen manifest with other fields (None removes one) and a checksum that fits them."""
    document = {name: value for name, value in (orjson.loads(FROZEN) | changes).items() if value is not None}
    document.pop("checksum")
    return render_json(document | {"checksum": sha256(render_json(document))})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"protocol": 2}, "another protocol than 1"),
        ({"protocol": "1"}, "another protocol than 1"),
        ({"n_features": None}, "lacks n_features"),
        ({"signature": "x"}, "has the unknown signature"),
        ({"n_features": 1.5}, "no whole number in n_features"),
        ({"n_features": -1}, "no whole number in n_features"),
        ({"training_rows": True}, "no whole number in training_rows"),
        ({"code_version": ""}, "no text in code_version"),
        ({"top_features": "income"}, "no list in top_features"),
        ({"top_features": [1]}, "no text in top_features"),
        ({"files": []}, "no object in files"),
        ({"files": {"../model.txt": "a" * 64}}, "not a plain one"),
        ({"files": {"/etc/passwd": "a" * 64}}, "not a plain one"),
        ({"files": {"model.txt": "A" * 64}}, "not a SHA-256"),
        ({"created_at": "yesterday"}, "no time in created_at"),
        ({"created_at": "2026-11-03T04:05:06"}, "not in whole seconds of UTC"),
        ({"created_at": "2026-11-03T04:05:06+01:00"}, "not in whole seconds of UTC"),
        ({"created_at": "2026-11-03T04:05:06.5+00:00"}, "not in whole seconds of UTC"),
        ({"created_at": "2026-11-04T04:05:06+00:00"}, "not the one of its files"),
        ({"version": "2026.11.3+000000"}, "not the one of its files"),
    ],
)
def test_refuses_a_manifest_with_a_wrong_field(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(BundleError, match=rf"^manifest\.json .*{fault}"):
        Manifest.from_json(resealed(**changes))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda text: text.replace(b"10200", b"10201"), "its own checksum"),
        (lambda text: text.replace(b"{\n", b'{\n  "protocol": 1,\n', 1), "not in the form"),
        (lambda text: text + b"\n", "not in the form"),
        (lambda text: b"[]\n", "not in the form"),
        (lambda text: text[:-3], "not JSON"),
        (lambda text: text.replace(b"10200", b"NaN"), "not JSON"),
    ],
)
def test_refuses_a_manifest_edited_by_hand(edit: Callable[[bytes], bytes], fault: str) -> None:
    with pytest.raises(BundleError, match=fault):
        Manifest.from_json(edit(FROZEN))
