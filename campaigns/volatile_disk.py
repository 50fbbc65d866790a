"""What a power cut leaves of a folder: bytes of a file arrive by fsync of the file, names by fsync of their folder.

The first fsync of a new file brings its name along, as journaling file systems do. Hard links, and renames from one
folder to another, are not modelled.
"""

import os
import random
import stat
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
"""Bytes that a disk writes whole: a torn page ends at such a border."""


@dataclass(eq=False)
class Node:
    """A file or folder as the disk has it; `unsynced` are sectors of the live file that have not arrived."""

    path: str
    mode: int
    owner: tuple[int, int]
    content: bytearray = field(default_factory=bytearray)
    unsynced: set[int] = field(default_factory=set)
    names: dict[str, "Node"] = field(default_factory=dict)


class Disk:
    """What a power cut leaves of the folder `live`, all of which counts as synchronised at the start."""

    def __init__(self, live: Path) -> None:
        self._live = str(live)
        self._nodes: dict[int, Node] = {}
        self.root = self._adopt("")

    def live_path(self, path: str) -> str:
        return self._live + path

    def _adopt(self, path: str) -> Node:
        node = self.add(path)
        if stat.S_ISDIR(node.mode):
            node.names = {name: self._adopt(f"{path}/{name}") for name in os.listdir(self.live_path(path))}  # noqa: PTH208
        elif stat.S_ISREG(node.mode):
            node.content = bytearray(Path(self.live_path(path)).read_bytes())
        return node

    def add(self, path: str) -> Node:
        """Know a new file or folder; the disk does not have its name yet."""
        state = os.lstat(self.live_path(path))
        node = self._nodes[state.st_ino] = Node(path, state.st_mode, (state.st_uid, state.st_gid))
        return node

    def find(self, path: str) -> Node:
        return self._nodes[os.lstat(self.live_path(path)).st_ino]

    def forget(self, path: str) -> None:
        """The live name goes; what the disk has stays until the folder is synchronised."""
        del self._nodes[os.lstat(self.live_path(path)).st_ino]

    def mark(self, node: Node, start: int, end: int) -> None:
        node.unsynced.update(range(start // SECTOR, -(-end // SECTOR)))

    def sync_file(self, node: Node, descriptor: int) -> None:
        """Bring bytes, size, attributes and name of a file to the disk."""
        state = os.fstat(descriptor)
        node.mode, node.owner = state.st_mode, (state.st_uid, state.st_gid)
        self._resize(node, state.st_size)
        for sector in node.unsynced:
            _bring(node, sector, descriptor)
        node.unsynced.clear()
        folder, _, name = node.path.rpartition("/")
        self.find(folder).names[name] = node

    def sync_folder(self, node: Node) -> None:
        """Bring the names in a folder to the disk."""
        names = os.listdir(self.live_path(node.path))  # noqa: PTH208
        node.names = {name: self.find(f"{node.path}/{name}") for name in names}

    def _resize(self, node: Node, size: int) -> None:
        del node.content[size:]
        node.content.extend(bytes(size - len(node.content)))

    def leave(self, out: Path, *, survival: float, chance: random.Random) -> None:
        """Write the disk to the new folder `out`."""
        self._leave(self.root, out, survival, chance)

    def _leave(self, node: Node, out: Path, survival: float, chance: random.Random) -> None:
        if stat.S_ISDIR(node.mode):
            out.mkdir()
            for name, inside in node.names.items():
                self._leave(inside, out / name, survival, chance)
        elif stat.S_ISREG(node.mode):
            self._tear(node, survival, chance)
            out.write_bytes(node.content)
        else:
            return
        os.chown(out, *node.owner)
        out.chmod(stat.S_IMODE(node.mode))

    def _tear(self, node: Node, survival: float, chance: random.Random) -> None:
        """Let some sectors arrive that nobody waited for; they cannot make the file longer."""
        inside = [sector for sector in sorted(node.unsynced) if (sector + 1) * SECTOR <= len(node.content)]
        arrived = [sector for sector in inside if chance.random() < survival]
        live = Path(self.live_path(node.path))
        if arrived and live.exists() and self._nodes.get(live.stat().st_ino) is node:
            with live.open("rb") as file:
                for sector in arrived:
                    _bring(node, sector, file.fileno())


def _bring(node: Node, sector: int, descriptor: int) -> None:
    start = sector * SECTOR
    data = os.pread(descriptor, SECTOR, start)[: max(0, len(node.content) - start)]
    node.content[start : start + len(data)] = data
