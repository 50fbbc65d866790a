"""Switches the model under load: each request is answered wholly by the model that it began with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import BundleError, DecisionLogError, LogUnavailableError, SolventError
from solvent.scoring.bundle_shelf import BundleShelf, InForce
from solvent.scoring.model import Model
from solvent.scoring.service import ScoringService

FOLLOW_SECONDS = 0.2
"""How often a worker looks whether another one has switched: far below the 5 s of a rollback (P-15)."""

log = structlog.get_logger(__name__)


class NoPreviousModelError(SolventError):
    """No other model was in force since the start."""


class ModelSwitcher:
    """Changes the model of one worker, and follows the changes of the others.

    Args:
        service: whose model is switched.
        shelf: holds what is in force on this host.
        source: folder that `reload` reads.
        load: makes a checked model of a folder; raises BundleError.
        record: keeps a switch; raises DecisionLogError.
    """

    def __init__(
        self,
        service: ScoringService,
        shelf: BundleShelf,
        source: Path,
        *,
        load: Callable[[Path], Model],
        record: Callable[[ModelSwitch], None],
    ) -> None:
        self._service = service
        self._shelf = shelf
        self._source = source
        self._load = load
        self._record = record
        self._previous: Model | None = None
        self._number = shelf.read().number
        self._lock = asyncio.Lock()
        self.is_following = True

    async def reload(self, by: str) -> Model:
        """Read the source again; if it is a good bundle, all workers serve it from now on, else nothing changes.

        Raises:
            BundleError: the bundle is refused, which is recorded.
            LogUnavailableError: the switch cannot be recorded, so it is not made.
        """
        async with self._alone():
            try:
                model = await asyncio.to_thread(self._read_source)
                in_force = self._shelf.read()
                if model.bundle.digest == in_force.digest:
                    return self._service.model
                await self._come_into_force(model, in_force, SwitchKind.RELOAD, by)
            except LogUnavailableError:
                raise
            except (BundleError, DecisionLogError) as error:
                await self._keep_refusal(str(error), by)
                raise BundleError(str(error)) from error
        return model

    async def rollback(self, by: str) -> Model:
        """Go back to the model before the one in force; a second rollback undoes the first.

        Raises:
            NoPreviousModelError: there is none.
            LogUnavailableError: the switch cannot be recorded, so it is not made.
        """
        async with self._alone():
            in_force = self._shelf.read()
            if in_force.previous is None:
                raise NoPreviousModelError("no other model was in force since the start")
            model = await self._find(in_force.previous)
            await self._come_into_force(model, in_force, SwitchKind.ROLLBACK, by)
        return model

    async def follow(self) -> None:
        """Until cancelled, switch to what another worker has brought into force."""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            if self._shelf.read().number != self._number:
                async with self._lock:
                    await self._catch_up()

    async def _catch_up(self) -> None:
        in_force = self._shelf.read()
        if in_force.number == self._number:
            return
        try:
            await self._use(await self._find(in_force.digest), in_force)
        except (SolventError, OSError) as error:
            self.is_following = False
            log.error("model_not_followed", error=type(error).__name__)  # noqa: TRY400 - its text may be long

    def _read_source(self) -> Model:
        # A link may be pointed elsewhere while the files are read.
        return self._load(self._shelf.path_of(self._shelf.put(self._source.resolve())))

    async def _find(self, digest: str) -> Model:
        if self._previous is not None and self._previous.bundle.digest == digest:
            return self._previous
        return await asyncio.to_thread(self._load, self._shelf.path_of(digest))

    async def _come_into_force(self, model: Model, before: InForce, kind: SwitchKind, by: str) -> None:
        await self._service.make_known(model)
        old = self._service.model.version
        switch = ModelSwitch(kind, by, old, model.version, model.bundle.digest)
        in_force = InForce(before.number + 1, model.bundle.digest, before.digest)
        await asyncio.to_thread(self._record_and_publish, switch, in_force)
        await self._use(model, in_force)
        log.info("model_switched", kind=kind.value, by=by, model_version=model.version, previous_version=old)
        await asyncio.to_thread(self._shelf.tidy, in_force)

    async def _use(self, model: Model, in_force: InForce) -> None:
        await self._service.make_known(model)
        self._previous = self._service.model
        self._service.use(model)
        self._number = in_force.number
        self.is_following = True

    def _record_and_publish(self, switch: ModelSwitch, in_force: InForce) -> None:
        """Nothing is recorded that did not happen: only the renaming of a file comes after the record."""
        try:
            with self._shelf.prepared(in_force):
                self._record(switch)
        except DecisionLogError as error:
            raise LogUnavailableError("the switch cannot be recorded: try again later") from error
        except OSError as error:
            raise LogUnavailableError(f"the switch cannot be written ({error.strerror}): make room") from error

    async def _keep_refusal(self, reason: str, by: str) -> None:
        log.warning("bundle_refused", reason=reason, by=by)
        with suppress(DecisionLogError):
            switch = ModelSwitch(SwitchKind.RELOAD, by, self._service.model.version, None, None, refusal=reason)
            await asyncio.to_thread(self._record, switch)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold off other switches, of this process and of the host; what they did meanwhile is followed first."""
        alone = self._shelf.alone()
        async with self._lock:
            try:
                await asyncio.to_thread(alone.__enter__)
            except OSError as error:
                raise LogUnavailableError("another switch of the model is under way: try again later") from error
            try:
                await self._catch_up()
                yield
            finally:
                alone.__exit__(None, None, None)
