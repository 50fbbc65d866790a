"""The outside, as the business sees it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from solvent.domain.alerts import Alert, Breach, Delivery, News
from solvent.domain.matured import MaturedDecision, RecordedVector
from solvent.domain.observations import (
    DecisionScope,
    DriftRecord,
    OperationCounts,
    QualityCounts,
    UncoveredRecords,
    VectorBatch,
)
from solvent.domain.outcomes import DefaultDefinition
from solvent.domain.records import FailureRecord, Receipt, ServedModel, StoredHistory, Submission


class Clock(Protocol):
    """Source of the time."""

    def __call__(self) -> datetime:
        """Return the time now, aware, in UTC."""
        ...


class Exclusive(Protocol):
    """Holds off every other process that changes the same thing, while its context lasts."""

    def __call__(self) -> AbstractContextManager[None]:
        """Wait for the turn, for a bounded time; raises SolventError when it is over."""
        ...


class DecisionLog(Protocol):
    """Where decisions become durable before they are released."""

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:
        """Return once the submission is committed to stable storage.

        A submission whose claim is known returns the stored answer and records nothing.

        Args:
            submission: of one request.
            within: seconds in which to return or raise; None leaves that to the log.

        Raises:
            LogUnavailableError: nothing was recorded.
            KeyInFlightError: nothing was recorded, since a request with the same key is still under way elsewhere.
            OutcomeUnknownError: the commit may or may not have happened.
            KeyReusedError: the claim's key came before with another body.
        """
        ...

    async def record_failure(self, failure: FailureRecord) -> None:
        """Keep a request that got no decision. Best effort: a log that is away drops it and counts the loss."""
        ...

    async def register_model(self, model: ServedModel) -> None:
        """Make a model known before its first decision; registering it again changes nothing."""
        ...

    async def find_history(
        self, client_id: int, program_digest: str, *, within: float | None = None
    ) -> StoredHistory | None:
        """Return the client's stored history for that feature program, if there is one.

        Raises:
            LogUnavailableError: it cannot be read `within` so many seconds.
        """
        ...

    async def find_histories(
        self, client_ids: Sequence[int], program_digest: str, *, within: float | None = None
    ) -> Mapping[int, StoredHistory]:
        """Return the stored histories that there are of some clients, by client; raises as `find_history`."""
        ...

    async def store_histories(self, histories: Sequence[StoredHistory]) -> None:
        """Keep or replace stored histories, all of them or none."""
        ...

    async def check(self) -> None:
        """Return if the log can be written now; raises LogUnavailableError if not."""
        ...


class AlertLog(Protocol):
    """Where alerts are kept, at most one open for each cause; every call may raise DecisionLogError."""

    def record(self, breaches: Iterable[Breach], now: datetime) -> tuple[Alert, ...]:
        """Open an alert for each cause without an open one and outside its cool-down; return the newly opened ones."""
        ...

    def undelivered(self) -> AbstractContextManager[Sequence[News]]:
        """Give the open alerts that no webhook has taken yet or that have grown since, to one caller at a time."""
        ...

    def note_delivery(self, delivery: Delivery) -> None:
        """Keep what became of a delivery."""
        ...


class ObservedLog(Protocol):
    """The decision log as a monitor reads it; every method raises DecisionLogError if it does not answer."""

    def count_by_model(self, start: datetime, end: datetime) -> Mapping[str, int]:
        """How many decisions of a period each model version made, the busiest first."""
        ...

    def find_bounds(self) -> tuple[datetime, datetime] | None:
        """When the first and the last decision arrived, None if there is none."""
        ...

    def read_vectors(self, scope: DecisionScope) -> Iterator[VectorBatch]:
        """What the model saw and said, a batch at a time; erased decisions are left out."""
        ...

    def read_quality(self, scope: DecisionScope, *, stale_after: timedelta) -> QualityCounts:
        """How good the inputs were; a stored history older than `stale_after` is stale."""
        ...

    def read_operations(self, start: datetime, end: datetime) -> OperationCounts:
        """How the service did, whichever model decided."""
        ...

    def keep_drift_report(self, report: DriftRecord) -> int:
        """Store a report; returns the number of its row."""
        ...


class SealedLog(Protocol):
    """The decision log as the monitor of its ledger reads it; raises DecisionLogError if it does not answer."""

    def read_uncovered(self) -> UncoveredRecords:
        """What no checkpoint of the ledger covers yet."""
        ...


class MaturedLog(Protocol):
    """The decision log as a retraining reads it."""

    def read_matured(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[MaturedDecision]:
        """Yield the last matured decision on each client by models with this feature program, by client.

        Of the months of `definition.matured_before(as_of)`, approved and refused decisions each where `MIN_COVERAGE` of
        their outcomes are known.

        Raises:
            DecisionLogError: the log cannot be read.
        """
        ...

    def read_window(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[RecordedVector]:
        """Yield the last decision on each client by models with this feature program, by client.

        Of the matured months whose approved decisions `read_matured` yields, every decision: approved or refused, with
        an outcome or without.

        Raises:
            DecisionLogError: the log cannot be read.
        """
        ...

    def find_thin_months(self, *, definition: DefaultDefinition, as_of: datetime) -> tuple[str, ...]:
        """Name the matured months, as YYYY-MM, whose approved decisions are left out; raises DecisionLogError."""
        ...
