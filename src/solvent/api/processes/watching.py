"""Looks after a worker once a second: memory, slow connections, gauges, the sum of what was refused quickly."""

import asyncio

import structlog
from uvicorn.server import ServerState

from solvent.api.entrance.connections import close_slow_connections
from solvent.api.entrance.doorman import Doorman
from solvent.api.services import Services
from solvent.api.telemetry.metrics_files import MetricsFiles
from solvent.errors import LogUnavailableError
from solvent.scoring.process import memory_usage_mb

INTERVAL_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Watch:
    """What is not worth doing for each request."""

    def __init__(
        self, services: Services, doorman: Doorman, state: ServerState, files: MetricsFiles, max_memory_mb: int
    ) -> None:
        self._services = services
        self._doorman = doorman
        self._state = state
        self._files = files
        self._max_memory_mb = max_memory_mb

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self) -> None:
        """Look once."""
        services = self._services
        memory_mb = memory_usage_mb()
        services.admission.closed_by = "memory" if memory_mb > self._max_memory_mb else None
        close_slow_connections(self._state.connections, asyncio.get_running_loop().time())
        if services.rates is not None:
            services.rates.forget()
        refused = self._doorman.report()
        if refused:
            log.warning("requests_refused_quickly", count=refused)
        services.metrics.counts[("dropped_failures",)] = services.count_dropped_failures()
        services.metrics.gauges = {
            **{(name,): value for name, value in services.read_log_figures().items()},
            ("at_work",): services.admission.at_work,
            ("waiting",): services.admission.waiting,
            ("connections",): len(self._state.connections),
            ("memory_bytes",): memory_mb * 1e6,
            ("database_up",): float(await self._can_write()),
            ("workers",): 1,
            ("model_info", services.service.model.version): 1,
        }
        self._files.write(services.metrics)

    async def _can_write(self) -> bool:
        try:
            await self._services.service.check()
        except LogUnavailableError:
            return False
        return True
