"""A bundle is read when it is whole, and refused in one line when anything about it is not."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from bundle_parts import BURDEN, CONTENTS, INCOME, MODEL_TEXT, PROGRAM, SEX, write

from solvent.bundle.agreement import check_program
from solvent.bundle.files import LISTED_FILES, _put_in_place, read_bundle, write_bundle
from solvent.bundle.json_form import render_json
from solvent.bundle.manifest import Manifest, sha256
from solvent.domain.policy import Policy
from solvent.errors import BundleError
from solvent.features.compilation import compile_features
from solvent.features.language import feature, table

ALL_FILES = sorted(LISTED_FILES | {"manifest.json"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write(tmp_path / "bundle")


def refusal(directory: Path) -> str:
    """The one line that refuses a bundle."""
    with pytest.raises(BundleError) as refused:
        read_bundle(directory)
    message = str(refused.value)
    assert "\n" not in message
    return message


def rewrite(directory: Path, name: str, content: bytes) -> None:
    """Replace a file and seal the bundle again, as somebody with a program of their own would."""
    (directory / name).write_bytes(content)
    manifest = Manifest.from_json((directory / "manifest.json").read_bytes())
    sealed = replace(manifest, files={**manifest.files, name: sha256(content)})
    (directory / "manifest.json").write_bytes(sealed.to_json())


def test_what_was_written_is_read(directory: Path) -> None:
    bundle = read_bundle(directory)
    assert bundle.program == PROGRAM
    assert bundle.model_text == MODEL_TEXT
    assert bundle.calibration == CONTENTS.calibration
    assert bundle.policy == CONTENTS.policy
    assert bundle.profile == {"rows": 2}
    assert bundle.evaluation == {"test": {"auc": {"value": 0.75}}}
    assert bundle.model_card == "# Model card\n"
    assert bundle.reference_path.read_bytes() == CONTENTS.reference
    assert bundle.manifest.n_features == 3
    assert bundle.manifest.top_features == ("burden", "income")
    assert bundle.manifest.training_rows == 1200


def test_names_itself_by_day_and_content(directory: Path) -> None:
    bundle = read_bundle(directory)
    assert bundle.version == bundle.manifest.version
    assert bundle.version == f"2026.11.23+{bundle.digest[:6]}"
    assert bundle.digest == bundle.manifest.digest


def test_equal_contents_give_equal_bundles(tmp_path: Path) -> None:
    assert read_bundle(write(tmp_path / "a")).digest == read_bundle(write(tmp_path / "b")).digest


def test_a_link_to_the_folder_is_followed(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(directory)
    assert read_bundle(tmp_path / "current").version == read_bundle(directory).version


@pytest.mark.parametrize("name", ALL_FILES)
def test_refuses_a_flipped_bit_anywhere(directory: Path, name: str) -> None:
    content = (directory / name).read_bytes()
    for position in range(0, len(content), 64):
        altered = bytearray(content)
        altered[position] ^= 1 << (position // 64 % 8)
        (directory / name).write_bytes(altered)
        assert name in refusal(directory)


@pytest.mark.parametrize("name", sorted(LISTED_FILES))
def test_refuses_a_truncated_file(directory: Path, name: str) -> None:
    (directory / name).write_bytes((directory / name).read_bytes()[:-1])
    assert refusal(directory) == f"{name} does not match its digest in manifest.json: copy the bundle again"


@pytest.mark.parametrize("name", ALL_FILES)
def test_refuses_a_missing_file(directory: Path, name: str) -> None:
    (directory / name).unlink()
    assert refusal(directory) == f"{name} is missing in {directory}: copy the whole bundle again"


@pytest.mark.parametrize("name", ALL_FILES)
def test_refuses_an_empty_file(directory: Path, name: str) -> None:
    (directory / name).write_bytes(b"")
    assert refusal(directory) == f"{name} is empty: copy the bundle again"


@pytest.mark.parametrize("name", ALL_FILES)
def test_refuses_a_link_in_place_of_a_file(directory: Path, tmp_path: Path, name: str) -> None:
    (directory / name).rename(tmp_path / "elsewhere")
    (directory / name).symlink_to(tmp_path / "elsewhere")
    assert refusal(directory) == f"{name} cannot be opened as a plain file (no links): copy the bundle again"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_refuses_what_is_not_a_file(directory: Path, make: Callable[[Path], None]) -> None:
    (directory / "model.txt").unlink()
    make(directory / "model.txt")
    assert refusal(directory).startswith("model.txt ")


def test_refuses_a_file_too_large_without_reading_it(directory: Path) -> None:
    os.truncate(directory / "model.txt", 10 * 2**30)
    assert refusal(directory) == "model.txt is too large: copy the bundle again"


def test_refuses_an_extra_file(directory: Path) -> None:
    (directory / "model.pkl\nx").write_bytes(b"x")
    assert refusal(directory) == f"'model.pkl\\nx' does not belong into a bundle: remove it from {directory}"


def test_refuses_files_swapped_within_a_bundle(directory: Path) -> None:
    first, second = directory / "profile.json", directory / "evaluation.json"
    content = first.read_bytes()
    second.rename(first)
    second.write_bytes(content)
    assert "evaluation.json does not match its digest" in refusal(directory)


@pytest.mark.parametrize("name", ["model.txt", "policy.json", "manifest.json"])
def test_refuses_a_file_of_another_version(directory: Path, tmp_path: Path, name: str) -> None:
    policy = Policy(threshold=0.2, medium_from=0.1, high_from=0.2)
    other = write(tmp_path / "other", model_text=MODEL_TEXT.replace("-1.5", "-1.4"), policy=policy)
    shutil.copy(other / name, directory / name)
    assert "does not match its digest" in refusal(directory)


@pytest.mark.parametrize("path", ["absent", "bundle/model.txt"])
def test_refuses_what_is_not_a_folder(directory: Path, path: str) -> None:
    assert refusal(directory.parent / path).endswith("cannot be opened as a folder: give the folder of a model bundle")


@pytest.mark.parametrize("listed", [{}, {"model.txt": "a" * 64}, {"loader.py": "a" * 64}])
def test_refuses_a_manifest_that_lists_other_files(directory: Path, listed: dict[str, str]) -> None:
    manifest = replace(read_bundle(directory).manifest, files=listed)
    (directory / "manifest.json").write_bytes(manifest.to_json())
    assert refusal(directory).startswith("manifest.json does not list the files of a bundle")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("max_feature_idx=2", "max_feature_idx=3", "another number of features"),
        ("income burden", "burden income", "other features than features.json, or in other order"),
        ("binary sigmoid:1", "regression", "does not say objective=binary sigmoid:1"),
        ("sigmoid:1", "sigmoid:2", "does not say objective=binary sigmoid:1"),
        ("num_class=1", "num_class=2", "does not say num_class=1"),
        ("version=v4", "version=v9", "does not say version=v4"),
        ("Tree=0", "Tree=1", "not the text of a LightGBM model"),
    ],
)
def test_refuses_a_model_that_does_not_fit_the_program(directory: Path, old: str, new: str, fault: str) -> None:
    rewrite(directory, "model.txt", MODEL_TEXT.replace(old, new).encode())
    assert refusal(directory).startswith("model.txt ")
    assert fault in refusal(directory)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("model.txt", b"\xff\xfe", "model.txt is not in UTF-8"),
        ("model_card.md", b"\xff\xfe", "model_card.md is not in UTF-8"),
        ("features.json", b"{}", "features.json is not a program"),
        ("features.json", PROGRAM.to_json() + b"\n", "features.json is not in the form"),
        ("features.json", compile_features([INCOME, BURDEN]).to_json(), "features.json makes another number"),
        ("evaluation.json", b'{"auc": NaN}', "evaluation.json is not JSON"),
        ("profile.json", b"[]\n", "profile.json is not in the form"),
        ("policy.json", b"{}\n", "policy.json lacks cost_false_negative"),
        ("calibration.json", b"{}\n", "calibration.json has an unknown method"),
    ],
)
def test_refuses_well_sealed_nonsense(directory: Path, name: str, content: bytes, fault: str) -> None:
    rewrite(directory, name, content)
    assert refusal(directory).startswith(fault)


def test_refuses_a_top_feature_that_the_program_lacks(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"features\.json lacks the top feature debt of manifest\.json"):
        write(tmp_path / "bundle", top_features=("income", "debt"))


def test_refuses_a_program_with_a_forbidden_feature(directory: Path) -> None:
    program = compile_features([INCOME, BURDEN, SEX])
    rewrite(directory, "features.json", program.to_json())
    assert "has the feature sex, which reads the forbidden application.CODE_GENDER" in refusal(directory)


def test_the_policy_of_the_bundle_says_what_is_forbidden(directory: Path) -> None:
    policy = orjson.loads((directory / "policy.json").read_bytes()) | {"forbidden_columns": ["AMT_CREDIT"]}
    rewrite(directory, "policy.json", render_json(policy))
    assert "has the feature burden, which reads the forbidden application.AMT_CREDIT" in refusal(directory)


def test_does_not_overwrite_a_bundle_unasked(directory: Path) -> None:
    before = read_bundle(directory).digest
    with pytest.raises(BundleError, match="already holds a bundle: give another place, or say that it may be replaced"):
        write_bundle(directory, replace(CONTENTS, training_rows=7))
    assert read_bundle(directory).digest == before


def test_replaces_a_bundle_when_asked(directory: Path) -> None:
    write_bundle(directory, replace(CONTENTS, training_rows=7), replace=True)
    assert read_bundle(directory).manifest.training_rows == 7
    assert [entry.name for entry in directory.parent.iterdir()] == ["bundle"]


def test_the_old_bundle_is_back_when_the_new_one_cannot_take_its_place(directory: Path, tmp_path: Path) -> None:
    before = read_bundle(directory).digest
    with pytest.raises(FileNotFoundError):
        _put_in_place(tmp_path / "absent", directory, old=tmp_path / "old")
    assert read_bundle(directory).digest == before
    assert not (tmp_path / "old").exists()


def test_forbids_what_every_policy_forbids_even_if_this_one_does_not_say_so(tmp_path: Path) -> None:
    program = compile_features(
        [feature("sex", table("application").CODE_GENDER, unit="category", meaning="sex", reason="PROFILE")]
    )
    manifest = replace(
        read_bundle(write(tmp_path / "bundle")).manifest,
        n_features=1,
        top_features=(),
        files={"features.json": program.digest},
    )
    with pytest.raises(BundleError, match=r"has the feature sex, which reads the forbidden application\.CODE_GENDER"):
        check_program(program, manifest, forbidden=())


def test_never_replaces_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.tex").write_text("x")
    with pytest.raises(BundleError, match="holds other files than those of a bundle"):
        write_bundle(tmp_path / "bundle", CONTENTS, replace=True)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.parent)])
def test_never_replaces_what_is_not_a_folder(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path / "bundle")
    with pytest.raises(BundleError, match="is not a folder of its own"):
        write_bundle(tmp_path / "bundle", CONTENTS, replace=True)


def test_fills_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    assert write_bundle(tmp_path / "bundle", CONTENTS) == read_bundle(tmp_path / "bundle").manifest


def test_leaves_nothing_behind_when_the_contents_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"^model\.txt "):
        write(tmp_path / "bundle", model_text="no model")
    assert list(tmp_path.iterdir()) == []


def test_says_when_the_place_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "sub" / "bundle", CONTENTS)
