"""Score, decide, record: in that order, and nothing is released before it is recorded."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from solvent.domain.ports import Clock, DecisionLog
from solvent.domain.records import Claim, DecisionRecord, FailureRecord, Receipt, StoredHistory, Submission, Timing
from solvent.errors import ApplicationError
from solvent.scoring.answers import INVALID, render_batch, render_decision, render_problems
from solvent.scoring.applications import Application, accept_all, accept_application
from solvent.scoring.model import Assessment, Model
from solvent.scoring.prepared import Prepared, prepare
from solvent.scoring.process import code_digest, memory_usage_mb
from solvent.scoring.turns import Turns

ANSWER_SECONDS = 2.6
"""Time to decide and record. With the wait for a place at work every answer comes within 3 s (RELIABILITY.md, P-05)."""

HISTORY_SHARE = 0.5
"""Of the time that is left, what reading a stored history may take: the write needs the rest."""

PART = 25
"""Applications of a batch that are assessed together: in 1 to 4 ms, by the share that is refused."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What the edge knows of a request: its id, when it came (wall clock, and `perf_counter_ns`), where, from whom."""

    request_id: UUID
    received_at: datetime
    received_ns: int
    endpoint: str
    claim: Claim | None = None
    caller: str = "local"


Watcher = Callable[[Sequence[DecisionRecord], RequestContext], None]
"""Sees the decisions of a request once they are recorded; not those of a repeated one."""


class ScoringService:
    """Decides on applications with the model in force, and keeps every decision in the log."""

    def __init__(
        self, model: Model, log: DecisionLog, *, clock: Clock, new_id: Callable[[], UUID], api_version: str
    ) -> None:
        self._model = model
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._api_version = api_version
        self._watcher: Watcher | None = None

    @property
    def model(self) -> Model:
        """The model in force."""
        return self._model

    async def start(self) -> None:
        """Make the model known to the log; raises LogUnavailableError if that cannot be."""
        await self.make_known(self._model)

    async def make_known(self, model: Model) -> None:
        """Make a model known to the log, so that it may decide; raises like `DecisionLog.register_model`."""
        await self._log.register_model(model.describe())

    def use(self, model: Model) -> None:
        """Decide with another model, which the log knows; requests under way end with the one they began with."""
        self._model = model

    def watch(self, watcher: Watcher) -> None:
        """Show every recorded decision to a watcher, which must return at once and never raise."""
        self._watcher = watcher

    async def decide(self, document: object, context: RequestContext) -> Receipt:
        """Decide on one application.

        Args:
            document: the decoded JSON body.
            context: of the request.

        Returns:
            the durable receipt, whose answer is the JSON body for the caller.

        Raises:
            ApplicationError: the body does not fit the schemas.
            LogUnavailableError: see `DecisionLog.record`; so for OutcomeUnknownError and KeyReusedError.
        """
        started, model = time.perf_counter_ns(), self._model
        application = accept_application(document)
        stored = await self._find_stored(model, application, within=HISTORY_SHARE * _seconds_left(started))
        prepared = prepare(model, application, stored, started_ns=started)
        began = time.perf_counter_ns()
        assessment = model.assess(prepared.features)
        record = self._make_record(prepared, assessment, model, context, inference_ms=_milliseconds_since(began))
        answer = orjson.dumps(render_decision(record))
        return await self._record(Submission((record,), answer, context.claim), context, started=started)

    async def decide_batch(self, documents: Sequence[object], context: RequestContext) -> Receipt:
        """Decide on several applications: all that are valid are recorded in one transaction, or none is.

        The answer holds one entry per row, in order: a decision, or the problems of that row.

        Raises:
            LogUnavailableError: see `DecisionLog.record`; so for OutcomeUnknownError and KeyReusedError.
        """
        began, model, turns = time.perf_counter_ns(), self._model, Turns()
        accepted = await accept_all(documents, turns)
        valid = [one for one in accepted if isinstance(one, Application)]
        histories = await self._find_all_stored(model, valid, within=HISTORY_SHARE * _seconds_left(began))
        prepared: list[Prepared] = []
        for application in valid:
            stored = histories.get(application.client_id)
            prepared.append(prepare(model, application, stored, started_ns=time.perf_counter_ns()))
            await turns.give_way()
        records = await self._decide_all(prepared, model, context, turns)
        submission = self._gather(accepted, records, model, context)
        await turns.give_way()
        return await self._record(submission, context, started=began)

    async def _decide_all(
        self, prepared: Sequence[Prepared], model: Model, context: RequestContext, turns: Turns
    ) -> list[DecisionRecord]:
        """Decide part by part; the time of a part is shared among its applications."""
        records: list[DecisionRecord] = []
        for first in range(0, len(prepared), PART):
            part = prepared[first : first + PART]
            began = time.perf_counter_ns()
            assessments = model.assess_many(np.stack([one.features for one in part]))
            each_ms = _milliseconds_since(began) / len(part)
            for one, assessment in zip(part, assessments, strict=True):
                row = replace(context, request_id=self._new_id())
                records.append(self._make_record(one, assessment, model, row, inference_ms=each_ms))
            await turns.give_way()
        return records

    def _gather(
        self,
        accepted: Sequence[Application | ApplicationError],
        records: Sequence[DecisionRecord],
        model: Model,
        context: RequestContext,
    ) -> Submission:
        """Put the records and the rows that could not be decided into one submission, with the answer to all."""
        failures: list[FailureRecord] = []
        results: list[dict[str, Any]] = []
        decided = iter(records)
        for index, application in enumerate(accepted):
            if isinstance(application, ApplicationError):
                row = replace(context, request_id=self._new_id())
                failures.append(self._describe_failure(row, status=HTTPStatus.UNPROCESSABLE_ENTITY, code=INVALID))
                results.append(render_problems(index, application))
            else:
                results.append({"index": index, "result": render_decision(next(decided))})
        answer = orjson.dumps(render_batch(context.request_id, model.version, results))
        return Submission(tuple(records), answer, context.claim, tuple(failures))

    async def record_failure(self, context: RequestContext, *, status: int, code: str) -> None:
        """Keep a request that got no decision; nothing of its input is kept."""
        await self._log.record_failure(self._describe_failure(context, status=status, code=code))

    async def check(self) -> None:
        """Return if decisions can be recorded now; raises LogUnavailableError if not."""
        await self._log.check()

    async def _record(self, submission: Submission, context: RequestContext, *, started: int) -> Receipt:
        receipt = await self._log.record(submission, within=_seconds_left(started))
        if self._watcher is not None and not receipt.repeated:
            self._watcher(submission.decisions, context)
        return receipt

    def _describe_failure(self, context: RequestContext, *, status: int, code: str) -> FailureRecord:
        return FailureRecord(
            request_id=context.request_id,
            received_at=context.received_at,
            endpoint=context.endpoint,
            api_version=self._api_version,
            model_version=self._model.version,
            http_status_code=status,
            error_code=code,
            total_response_ms=_milliseconds_since(context.received_ns),
            memory_usage_mb=memory_usage_mb(),
        )

    async def _find_stored(self, model: Model, application: Application, *, within: float) -> StoredHistory | None:
        """Look for the history of a client whose request holds none."""
        if application.history is not None:
            return None
        return await self._log.find_history(application.client_id, model.bundle.program.digest, within=within)

    async def _find_all_stored(
        self, model: Model, applications: Sequence[Application], *, within: float
    ) -> Mapping[int, StoredHistory]:
        """Look for the histories of all clients whose applications hold none."""
        clients = [one.client_id for one in applications if one.history is None]
        if not clients:
            return {}
        return await self._log.find_histories(clients, model.bundle.program.digest, within=within)

    def _make_record(
        self, prepared: Prepared, assessment: Assessment, model: Model, context: RequestContext, *, inference_ms: float
    ) -> DecisionRecord:
        return DecisionRecord(
            request_id=context.request_id,
            received_at=context.received_at,
            scored_at=self._clock(),
            caller=context.caller,
            endpoint=context.endpoint,
            model_version=model.version,
            model_digest=model.digest,
            code_digest=code_digest(),
            api_version=self._api_version,
            timing=Timing(prepared.milliseconds, inference_ms),
            memory_usage_mb=memory_usage_mb(),
            **prepared.describe(),
            **_describe_assessment(assessment, model),
        )


def _describe_assessment(assessment: Assessment, model: Model) -> dict[str, Any]:
    top = assessment.top_values
    return {
        "score": assessment.score,
        "probability_default": assessment.probability_default,
        "threshold": model.bundle.policy.threshold,
        "decision": assessment.decision,
        "risk_level": assessment.risk_level,
        "reasons": assessment.reasons,
        "features": assessment.features.astype("<f4").tobytes(),
        "top_numbers": tuple(None if isinstance(value, str) else value for value in top),
        "top_categories": tuple(value if isinstance(value, str) else None for value in top),
    }


def _seconds_left(started_ns: int) -> float:
    return ANSWER_SECONDS - (time.perf_counter_ns() - started_ns) / 1e9


def _milliseconds_since(started_ns: int) -> float:
    return (time.perf_counter_ns() - started_ns) / 1e6
