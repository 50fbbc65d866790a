"""CPU time that a process and all processes below it have used, as the kernel counts it."""

from pathlib import Path

_PROC = Path("/proc")


def cpu_seconds(root: int) -> float:
    """Seconds on a core of all threads of the process `root` and its descendants that run now."""
    return sum(_own_seconds(pid) for pid in _family(root))


def _family(root: int) -> list[int]:
    parents = _parents()
    family = [root]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family


def _parents() -> dict[int, int]:
    """The parent of every process; see proc(5): its number is the second field behind the name in brackets."""
    parents = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended
    return parents


def _own_seconds(pid: int) -> float:
    """First number of /proc/PID/task/*/schedstat: nanoseconds on a core."""
    nanoseconds = 0
    for file in _PROC.glob(f"{pid}/task/*/schedstat"):
        try:
            nanoseconds += int(file.read_text().split()[0])
        except OSError:
            continue  # it has ended
    return nanoseconds / 1e9
