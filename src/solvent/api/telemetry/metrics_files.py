"""How a worker that is asked for /metrics knows the counts of the others: each writes its own to a shared folder."""

import os
import time
from pathlib import Path

import orjson

from solvent.api.telemetry.metrics import Metrics

FRESH_SECONDS = 5.0
"""A file that is older is that of a worker which has ended: its counts last, its gauges do not."""


class MetricsFiles:
    """The files of all workers, one for each process that ever was one."""

    def __init__(self, folder: Path, number: int, *, is_alone: bool) -> None:
        self._folder = folder
        self._own = folder / f"metrics-{number}-{os.getpid()}.json"
        self._is_alone = is_alone

    def write(self, metrics: Metrics) -> None:
        """Replace the file of this worker; without others nobody reads it, and it is not written."""
        if self._is_alone:
            return
        fresh = self._own.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(metrics.to_document()))
        fresh.replace(self._own)

    def read_others(self, metrics: Metrics) -> None:
        """Add the counts of the other workers to a copy of this one's."""
        for path in self._folder.glob("metrics-*.json"):
            if path != self._own:
                is_fresh = time.time() - path.stat().st_mtime <= FRESH_SECONDS
                metrics.add(orjson.loads(path.read_bytes()), with_gauges=is_fresh)
