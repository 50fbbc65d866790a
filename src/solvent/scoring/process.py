"""Facts about this process and its moment: memory in use, identifiers in order of time."""

import os
import time
from pathlib import Path
from uuid import UUID

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_STATM = Path("/proc/self/statm")


def memory_usage_mb() -> float:
    """Resident memory of this process in megabytes."""
    return int(_STATM.read_bytes().split()[1]) * _PAGE_MB


def new_request_id() -> UUID:
    """A UUID of version 7 (RFC 9562): sorts by time, so that an index on it grows at one end."""
    moment = time.time_ns() // 1_000_000
    number = (moment << 80) | int.from_bytes(os.urandom(10))
    number = (number & ~(0xF << 76)) | (0x7 << 76)
    return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))
