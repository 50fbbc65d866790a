"""A decision log in memory that can be made to fail."""

from solvent.decision_log.memory import MemoryDecisionLog
from solvent.domain.records import FailureRecord, Receipt, Submission


class TroubledLog(MemoryDecisionLog):
    """Raises `trouble` instead of recording a decision, `failure_trouble` instead of recording a failure."""

    trouble: Exception | None = None
    failure_trouble: Exception | None = None

    async def record(self, submission: Submission, *, within: float | None = None) -> Receipt:
        if self.trouble is not None:
            raise self.trouble
        return await super().record(submission, within=within)

    async def record_failure(self, failure: FailureRecord) -> None:
        if self.failure_trouble is not None:
            raise self.failure_trouble
        await super().record_failure(failure)
