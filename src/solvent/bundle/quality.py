"""The least that a model must have shown before it may decide."""

from collections.abc import Mapping
from typing import Any

from solvent.bundle.files import EVALUATION_FILE, Bundle
from solvent.errors import BundleError

CHANCE = 0.5
"""Area under the ROC curve of a coin."""


def check_quality(bundle: Bundle) -> None:
    """Refuse a model that its own test clients do not tell from a coin.

    Whether a model is better than the one in force is a question of promotion; this is the floor below which none
    decides, whoever asks.

    Raises:
        BundleError: the evaluation lacks the AUC of the test split with its interval, or the interval holds 0.5.
    """
    low = _find_low(bundle.evaluation)
    if low is None:
        raise BundleError(f"{EVALUATION_FILE} holds no AUC of the test split with its interval: train the bundle again")
    if not low > CHANCE:
        raise BundleError(
            f"{EVALUATION_FILE} fails the quality gate: the AUC of the test split is at least {low:.3f} with 95 % "
            f"confidence, and must be above {CHANCE}: train on more or better data"
        )


def _find_low(evaluation: Mapping[str, Any]) -> float | None:
    test = evaluation.get("test")
    auc = test.get("auc") if isinstance(test, Mapping) else None
    low = auc.get("low") if isinstance(auc, Mapping) else None
    return float(low) if isinstance(low, int | float) and not isinstance(low, bool) else None
