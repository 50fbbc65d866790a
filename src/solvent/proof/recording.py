"""Makes records of scored applicants: the rows that the service would have written."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import orjson

from solvent import __version__
from solvent.domain.policy import Decision
from solvent.domain.records import DecisionRecord, Timing
from solvent.errors import ApplicationError
from solvent.features.program import APPLICATION, CLIENT_LEVEL, Program, ValueKind
from solvent.proof.applicants import Applicants, to_time
from solvent.scoring.applications import accept_application
from solvent.scoring.model import Model
from solvent.scoring.process import code_digest


def is_acceptable(body: Mapping[str, Any]) -> bool:
    """Whether the API would decide on it: some shocked incomes lie below the smallest that an application may state."""
    try:
        accept_application(body)
    except ApplicationError:
        return False
    return True


def make_records(model: Model, applicants: Applicants, *, caller: str) -> Iterator[DecisionRecord]:
    """Yield the decision on each applicant at its moment, under a caller's name.

    The application is checked as that of a request is, so warnings and usable columns are those of the service; its
    history was reduced with all others. Reasons are left out, and times and memory are not measured: no monitor of
    inputs reads them.

    Raises:
        ApplicationError: the API would have refused an applicant.
    """
    policy, digest = model.bundle.policy, code_digest()
    moments = [to_time(moment) for moment in applicants.moments.tolist()]
    vectors = applicants.rows.values.astype("<f4")
    scored = zip(applicants.rows.scores.tolist(), applicants.rows.probabilities.tolist(), strict=True)
    shares = _count_usable(applicants, model.bundle.program)
    for place, (body, (score, probability)) in enumerate(zip(applicants.bodies(), scored, strict=True)):
        accepted = accept_application(body)
        yield DecisionRecord(
            request_id=uuid4(),
            received_at=moments[place],
            scored_at=moments[place],
            caller=caller,
            endpoint="/predict",
            model_version=model.version,
            model_digest=model.digest,
            code_digest=digest,
            api_version=__version__,
            client_id=accepted.client_id,
            loan_amount=accepted.columns.get("AMT_CREDIT"),
            score=score,
            probability_default=probability,
            threshold=policy.threshold,
            decision=Decision(policy.decide(probability)),
            risk_level=policy.risk_level(probability),
            reasons=(),
            warnings=accepted.warnings,
            data_quality_score=shares[place],
            timing=Timing(0.0, 0.0),
            memory_usage_mb=0.0,
            application=orjson.dumps(accepted.columns),
            history_source="request",
            stored_history=None,
            features=vectors[place].tobytes(),
            top_numbers=(),
            top_categories=(),
        )


def _count_usable(applicants: Applicants, program: Program) -> list[float]:
    """Share of the application columns that the program reads and that hold a usable value, as the service counts."""
    read = sorted({node.name for node in program.nodes if node.op == "column" and node.level == CLIENT_LEVEL})
    usable = np.zeros(len(applicants))
    for name in read:
        usable += _is_usable(applicants, program, name)
    return [float(share) for share in usable / max(1, len(read))]


def _is_usable(applicants: Applicants, program: Program, name: str) -> npt.NDArray[np.bool_]:
    cleaning = program.columns[APPLICATION][name]
    column = applicants.applications[name]
    if cleaning.kind is ValueKind.CATEGORY:
        return np.isin(np.array(column.to_pylist(), dtype=object), cleaning.categories)
    values = np.array(column.to_pandas(), dtype=np.float64)
    low = -np.inf if cleaning.minimum is None else cleaning.minimum
    high = np.inf if cleaning.maximum is None else cleaning.maximum
    sentinels = [value for value in cleaning.sentinels if not isinstance(value, str)]
    return (values >= low) & (values <= high) & ~np.isin(values, sentinels)
