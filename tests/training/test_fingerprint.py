"""The fingerprint of the tables: repeatable by hand, moved by any byte."""

import hashlib
from pathlib import Path

import pytest

from solvent.errors import TrainingError
from solvent.training.fingerprint import fingerprint_files


def write(directory: Path, **contents: str) -> list[Path]:
    directory.mkdir()
    for name, content in contents.items():
        (directory / name).write_text(content)
    return sorted(directory.iterdir())


def test_covers_name_size_and_content_of_each_file(tmp_path: Path) -> None:
    paths = write(tmp_path / "a", bureau="x", application_train="yz")
    lines = [
        f"application_train 2 {hashlib.sha256(b'yz').hexdigest()}\n",
        f"bureau 1 {hashlib.sha256(b'x').hexdigest()}\n",
    ]
    assert fingerprint_files(paths) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_neither_folder_nor_order_matter(tmp_path: Path) -> None:
    first = fingerprint_files(write(tmp_path / "a", one="1", two="2"))
    assert fingerprint_files(reversed(write(tmp_path / "b", two="2", one="1"))) == first


def test_contents_that_change_places_change_it(tmp_path: Path) -> None:
    assert fingerprint_files(write(tmp_path / "a", one="1", two="2")) != fingerprint_files(
        write(tmp_path / "b", one="2", two="1")
    )


def test_names_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"bureau\.csv cannot be read .*check that it is still there"):
        fingerprint_files([tmp_path / "bureau.csv"])
