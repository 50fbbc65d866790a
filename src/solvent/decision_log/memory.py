"""The decision log in memory: for tests and for rooms that need the port without a database."""

from collections.abc import Mapping, Sequence

from solvent.domain.records import Claim, FailureRecord, Receipt, ServedModel, StoredHistory, Submission
from solvent.errors import DecisionLogError, KeyReusedError, LogUnavailableError


class MemoryDecisionLog:
    """Implements `solvent.domain.ports.DecisionLog`; it forgets at exit. `available` set to False plays an outage."""

    def __init__(self) -> None:
        self.available = True
        self.submissions: list[Submission] = []
        self.failures: list[FailureRecord] = []
        self.models: dict[str, ServedModel] = {}
        self.dropped_failures = 0
        self._answers: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._histories: dict[tuple[int, str], StoredHistory] = {}

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:  # noqa: ARG002 - at once
        await self.check()
        claim = submission.claim
        if claim is not None:
            key = (claim.caller, claim.key)
            if key in self._answers:
                return self._repeat(claim, *self._answers[key])
            self._answers[key] = (claim.body_digest, submission.answer)
        self.submissions.append(submission)
        self.failures.extend(submission.failures)
        return Receipt(submission.answer, repeated=False)

    async def record_failure(self, failure: FailureRecord) -> None:
        if self.available:
            self.failures.append(failure)
        else:
            self.dropped_failures += 1

    async def register_model(self, model: ServedModel) -> None:
        await self.check()
        known = self.models.setdefault(model.model_version, model)
        if known.bundle_digest != model.bundle_digest:
            raise DecisionLogError(f"model version {model.model_version} is registered with another bundle")

    async def find_history(
        self,
        client_id: int,
        program_digest: str,
        *,
        within: float | None = None,  # noqa: ARG002 - at once
    ) -> StoredHistory | None:
        await self.check()
        return self._histories.get((client_id, program_digest))

    async def find_histories(
        self, client_ids: Sequence[int], program_digest: str, *, within: float | None = None
    ) -> Mapping[int, StoredHistory]:
        found = {client: await self.find_history(client, program_digest, within=within) for client in client_ids}
        return {client: history for client, history in found.items() if history is not None}

    async def store_histories(self, histories: Sequence[StoredHistory]) -> None:
        await self.check()
        self._histories.update({(one.client_id, one.program_digest): one for one in histories})

    async def check(self) -> None:
        if not self.available:
            raise LogUnavailableError("the decision log is away")

    @staticmethod
    def _repeat(claim: Claim, body_digest: bytes, answer: bytes) -> Receipt:
        if body_digest != claim.body_digest:
            raise KeyReusedError("this Idempotency-Key came before with another body: use a new key")
        return Receipt(answer, repeated=True)
