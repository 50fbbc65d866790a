import random
from pathlib import Path

import pytest

from volatile_disk import SECTOR, Disk


@pytest.fixture
def live(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    (folder / "old").write_bytes(b"a" * 2 * SECTOR)
    return folder


def write(disk: Disk, live: Path, name: str, content: bytes, *, is_synchronised: bool) -> None:
    """Write at the start of a file as a program does through the mount."""
    path = live / name
    is_new = not path.exists()
    with path.open("w+b" if is_new else "r+b") as file:
        node = disk.add(f"/{name}") if is_new else disk.find(f"/{name}")
        file.write(content)
        file.flush()
        disk.mark(node, 0, len(content))
        if is_synchronised:
            disk.sync_file(node, file.fileno())


def cut(disk: Disk, tmp_path: Path, *, survival: float = 0.0) -> dict[str, bytes]:
    disk.leave(tmp_path / "left", survival=survival, chance=random.Random(1))  # noqa: S311 - a reproducible cut
    return {path.name: path.read_bytes() for path in (tmp_path / "left").iterdir()}


def test_what_was_there_at_the_start_stays(live: Path, tmp_path: Path) -> None:
    assert cut(Disk(live), tmp_path) == {"old": b"a" * 2 * SECTOR}


def test_bytes_that_were_not_synchronised_are_lost(live: Path, tmp_path: Path) -> None:
    disk = Disk(live)
    write(disk, live, "old", b"b" * 2 * SECTOR, is_synchronised=False)
    assert cut(disk, tmp_path) == {"old": b"a" * 2 * SECTOR}


def test_bytes_that_were_synchronised_stay(live: Path, tmp_path: Path) -> None:
    disk = Disk(live)
    write(disk, live, "old", b"b" * SECTOR, is_synchronised=True)
    assert cut(disk, tmp_path) == {"old": b"b" * SECTOR + b"a" * SECTOR}


def test_a_part_of_what_nobody_waited_for_may_arrive_by_sectors(live: Path, tmp_path: Path) -> None:
    disk = Disk(live)
    write(disk, live, "old", b"b" * 2 * SECTOR, is_synchronised=False)
    assert cut(disk, tmp_path, survival=0.5) == {"old": b"b" * SECTOR + b"a" * SECTOR}


def test_a_new_name_is_lost_until_its_file_or_its_folder_is_synchronised(live: Path, tmp_path: Path) -> None:
    disk = Disk(live)
    write(disk, live, "lost", b"c", is_synchronised=False)
    write(disk, live, "kept", b"c", is_synchronised=True)
    write(disk, live, "named", b"c", is_synchronised=False)
    assert set(cut(disk, tmp_path)) == {"old", "kept"}
    (tmp_path / "left").rename(tmp_path / "first")
    disk.sync_folder(disk.root)
    assert cut(disk, tmp_path) == {"old": b"a" * 2 * SECTOR, "kept": b"c", "lost": b"", "named": b""}
