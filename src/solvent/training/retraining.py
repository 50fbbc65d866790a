"""Builds a challenger from matured decisions of the log, and scores its held-out decisions with the champion too."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solvent.bundle.files import Bundle, check_destination
from solvent.domain.clock import utc_now
from solvent.domain.matured import MaturedDecision, RecordedVector
from solvent.domain.ports import Clock, MaturedLog
from solvent.domain.progress import Progress, silent
from solvent.errors import TrainingError
from solvent.features.matrix import FeatureMatrix
from solvent.features.program import Program
from solvent.training.applicants import Applicants, label_applicants
from solvent.training.background import Background
from solvent.training.fitting import LearnerSettings
from solvent.training.population import Population
from solvent.training.report import TrainingResult
from solvent.training.run import TrainingRequest, train_on

_NUMBERS = ("AMT_INCOME_TOTAL", "REGION_RATING_CLIENT", "DAYS_BIRTH")
_TEXTS = ("NAME_CONTRACT_TYPE", "CODE_GENDER")


@dataclass(frozen=True)
class RetrainingRequest:
    """Where the challenger goes, and which decisions teach it: those that have matured at `as_of`, an aware time.

    `seed` is the champion's, and None stands for it.
    """

    out: Path
    as_of: datetime
    seed: int | None = None
    replace: bool = False
    settings: LearnerSettings | None = None


def retrain(
    champion: Bundle,
    log: MaturedLog,
    request: RetrainingRequest,
    *,
    progress: Progress = silent,
    clock: Clock = utc_now,
) -> TrainingResult:
    """Train on matured decisions whose features were recorded for the champion's program.

    Costs and forbidden columns are the champion's. The result is a bundle like any other; its held-out decisions carry
    the champion's scores beside its own. What is normal is told from every decision of the same months, refused ones
    and those without an outcome among them: drift is watched on all applicants.

    Raises:
        DecisionLogError: the log cannot be read.
        TrainingError: there are no such decisions, too few defaults among them, or the seed is not the champion's.
        BundleError: the bundle may not be written there.
    """
    check_destination(request.out, replace=request.replace)
    seed = _find_seed(champion, request)
    progress("reading matured decisions", 0.0)
    definition = champion.policy.default_definition
    decisions = list(log.read_matured(champion.program.digest, definition=definition, as_of=request.as_of))
    thin = log.find_thin_months(definition=definition, as_of=request.as_of)
    if not decisions:
        left_out = f" (left out, with too many outcomes missing: {', '.join(thin)})" if thin else ""
        raise TrainingError(
            f"no decision with the champion's features has matured{left_out}: import outcomes with `solvent outcomes "
            "import`, or give a later --as-of"
        )
    window = list(log.read_window(champion.program.digest, definition=definition, as_of=request.as_of))
    training = TrainingRequest(
        data=Path(),
        out=request.out,
        seed=seed,
        replace=request.replace,
        forbidden=champion.policy.forbidden_columns,
        costs=champion.policy.costs,
        settings=request.settings or LearnerSettings(),
    )
    return train_on(
        collect_features(decisions, champion.program),
        training,
        data_fingerprint=fingerprint_decisions(decisions),
        background=Background(
            label_decisions(decisions),
            describe_population(decisions, window, thin),
            champion,
            collect_unlabelled(window, decisions, champion.program),
        ),
        progress=progress,
        clock=clock,
    )


def _find_seed(champion: Bundle, request: RetrainingRequest) -> int:
    """The champion's seed: under another one the held-out clients are among those that the champion grew on."""
    seed = int(champion.evaluation.get("seed", 0))
    if request.seed not in {None, seed}:
        raise TrainingError(
            f"the champion's seed is {seed}: with {request.seed} it would be judged on clients that it grew on; leave "
            "out --seed"
        )
    return seed


def collect_features(decisions: Sequence[MaturedDecision], program: Program) -> FeatureMatrix:
    """The recorded vectors as rows; raises TrainingError if one is not as long as the program."""
    return FeatureMatrix(
        np.array([one.client_id for one in decisions], dtype=np.int64),
        _read_vectors([one.features for one in decisions], program),
        np.array([one.has_defaulted for one in decisions], dtype=np.float32),
        program,
    )


def collect_unlabelled(
    window: Sequence[RecordedVector], decisions: Iterable[MaturedDecision], program: Program
) -> FeatureMatrix:
    """The vectors of a window's clients of whom no outcome is known as rows without target; raises TrainingError."""
    known = {one.client_id for one in decisions}
    others = [one for one in window if one.client_id not in known]
    return FeatureMatrix(
        np.array([one.client_id for one in others], dtype=np.int64),
        _read_vectors([one.features for one in others], program),
        np.full(len(others), np.nan, dtype=np.float32),
        program,
    )


def _read_vectors(vectors: Sequence[bytes], program: Program) -> npt.NDArray[np.float32]:
    values = np.frombuffer(b"".join(vectors), dtype="<f4")
    if values.size != len(vectors) * len(program.features):
        raise TrainingError("a recorded feature vector does not fit its program: run `solvent ledger verify`")
    return values.reshape(len(vectors), len(program.features)).astype(np.float32)


def label_decisions(decisions: Sequence[MaturedDecision]) -> Applicants:
    """Label the applicants from their recorded applications."""
    columns: dict[str, np.ndarray[Any, Any]] = {
        name: np.array([one.application.get(name) for one in decisions], dtype=np.float64) for name in _NUMBERS
    }
    for name in _TEXTS:
        columns[name] = np.array([one.application.get(name) for one in decisions], dtype=object)
    columns["has_history"] = np.array([one.has_history for one in decisions])
    return label_applicants(np.array([one.client_id for one in decisions], dtype=np.int64), columns)


def describe_population(
    decisions: Sequence[MaturedDecision], window: Sequence[RecordedVector], thin_months: tuple[str, ...] = ()
) -> Population:
    """Say where the rows come from, and how many refused applicants are among them and in the window."""
    times = [one.decided_at for one in decisions]
    refused = sum(not one.is_approved for one in decisions)
    window_refused = sum(not one.is_approved for one in window)
    return Population(
        "decision log", len(decisions), refused, min(times), max(times), len(window), window_refused, thin_months
    )


def fingerprint_decisions(decisions: Iterable[MaturedDecision]) -> str:
    """SHA-256 over the lines "request_id outcome sha256(features)" of the decisions, sorted."""
    lines = sorted(f"{one.request_id} {int(one.has_defaulted)} {_sha256(one.features)}\n" for one in decisions)
    return _sha256("".join(lines).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
