"""A file system that forgets what was not synchronised: a disk whose power can be cut.

    python campaigns/volatile_files.py LIVE MOUNT [--lying]

Mounts the folder LIVE at MOUNT through FUSE. Programs see LIVE; beside it `volatile_disk.py` keeps the disk as a power
cut would leave it. On the line `cut OUT SURVIVAL SEED` of standard input the power goes: every call fails from then
on, and the folder OUT gets the disk, where each unsynchronised sector has arrived with probability SURVIVAL. The answer
is `done`. A disk that is `--lying` says that it has synchronised, and has not: the negative control.
"""

import errno
import os
import random
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import mfusepy

from volatile_disk import Disk, Node

_SHOWN = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")


def _guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a call fail once the power is cut, and give errors of the live folder to the caller."""

    @wraps(call)
    def guarded(self: "VolatileFiles", *arguments: Any) -> Any:  # noqa: ANN401 - as FUSE calls
        with self._turn:
            if self.is_cut:
                raise mfusepy.FuseOSError(errno.EIO)
            try:
                return call(self, *arguments)
            except OSError as error:
                raise mfusepy.FuseOSError(error.errno or errno.EIO) from None

    return guarded


class VolatileFiles(mfusepy.Operations):  # type: ignore[misc]
    """The calls of FUSE, passed on to the live folder and noted on the disk."""

    use_ns = True

    def __init__(self, disk: Disk, *, is_lying: bool = False) -> None:
        self.disk = disk
        self.is_cut = False
        self._is_lying = is_lying
        self._turn = threading.RLock()
        self._open: dict[int, Node] = {}

    def cut(self, out: Path, *, survival: float, seed: int) -> None:
        """Let every call fail from now on, and leave the disk in `out`."""
        with self._turn:
            self.is_cut = True
            self.disk.leave(out, survival=survival, chance=random.Random(seed))  # noqa: S311 - a reproducible cut

    def _at(self, path: str) -> str:
        return self.disk.live_path("" if path == "/" else path)

    def _node(self, path: str) -> Node:
        return self.disk.find("" if path == "/" else path)

    def _own(self, path: str) -> Node:
        user, group, _ = mfusepy.fuse_get_context()
        os.lchown(self._at(path), user, group)
        return self.disk.add(path)

    @_guarded
    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        state = os.fstat(fh) if fh is not None else os.lstat(self._at(path))
        return {name: getattr(state, f"{name}_ns" if name.endswith("time") else name) for name in _SHOWN}

    @_guarded
    def readdir(self, path: str, fh: int) -> list[str]:  # noqa: ARG002 - as FUSE calls
        return [".", "..", *os.listdir(self._at(path))]  # noqa: PTH208

    @_guarded
    def create(self, path: str, mode: int, fi: object = None) -> int:  # noqa: ARG002 - as FUSE calls
        descriptor = os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        self._open[descriptor] = self._own(path)
        return descriptor

    @_guarded
    def open(self, path: str, flags: int) -> int:
        kept = flags & os.O_TRUNC
        if kept:
            self._mark_cut(path, 0)
        descriptor = os.open(self._at(path), os.O_RDWR | kept)
        self._open[descriptor] = self._node(path)
        return descriptor

    @_guarded
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002 - as FUSE calls
        return os.pread(fh, size, offset)

    @_guarded
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002 - as FUSE calls
        self.disk.mark(self._open[fh], offset, offset + len(data))
        return os.pwrite(fh, data, offset)

    @_guarded
    def truncate(self, path: str, length: int, fh: int | None = None) -> None:  # noqa: ARG002 - as FUSE calls
        self._mark_cut(path, length)
        os.truncate(self._at(path), length)

    def _mark_cut(self, path: str, length: int) -> None:
        self.disk.mark(self._node(path), length, max(length, os.lstat(self._at(path)).st_size))

    @_guarded
    def fsync(self, path: str, datasync: int, fh: int) -> None:  # noqa: ARG002 - as FUSE calls
        if not self._is_lying:
            self.disk.sync_file(self._open[fh], fh)

    @_guarded
    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:  # noqa: ARG002 - as FUSE calls
        if not self._is_lying:
            self.disk.sync_folder(self._node(path))

    @_guarded
    def release(self, path: str, fh: int) -> None:  # noqa: ARG002 - as FUSE calls
        self._open.pop(fh, None)
        os.close(fh)

    @_guarded
    def mkdir(self, path: str, mode: int) -> None:
        Path(self._at(path)).mkdir(mode=mode)
        self._own(path)

    @_guarded
    def mknod(self, path: str, mode: int, dev: int) -> None:
        os.mknod(self._at(path), mode, dev)
        self._own(path)

    @_guarded
    def unlink(self, path: str) -> None:
        self.disk.forget(path)
        Path(self._at(path)).unlink()

    @_guarded
    def rmdir(self, path: str) -> None:
        Path(self._at(path)).rmdir()

    @_guarded
    def rename(self, old: str, new: str) -> None:
        node = self._node(old)
        Path(self._at(old)).rename(self._at(new))
        node.path = new

    @_guarded
    def chmod(self, path: str, mode: int) -> None:
        Path(self._at(path)).chmod(mode)

    @_guarded
    def chown(self, path: str, uid: int, gid: int) -> None:
        os.lchown(self._at(path), uid, gid)

    @_guarded
    def utimens(self, path: str, times: tuple[int, int]) -> None:
        os.utime(self._at(path), ns=times)


def _obey(files: VolatileFiles) -> None:
    for line in sys.stdin:
        _, out, survival, seed = line.split()
        files.cut(Path(out), survival=float(survival), seed=int(seed))
        print("done", flush=True)


def main() -> None:
    """Mount until the folder is unmounted."""
    live, mount = Path(sys.argv[1]), sys.argv[2]
    files = VolatileFiles(Disk(live), is_lying="--lying" in sys.argv)
    threading.Thread(target=_obey, args=(files,), daemon=True).start()
    options = {"foreground": True, "allow_other": True, "default_permissions": True, "nothreads": True}
    mfusepy.FUSE(files, mount, fsname="volatile", big_writes=True, **options)


if __name__ == "__main__":
    main()
