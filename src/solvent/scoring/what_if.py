"""Scores a recorded application again with other values, without recording anything."""

from collections.abc import Mapping
from typing import Any

from solvent.domain.records import RecordedDecision
from solvent.errors import ApplicationError
from solvent.scoring.applications import accept_application
from solvent.scoring.model import Assessment, Model
from solvent.scoring.replay import assess_again, split_application

ACTIONABLE_COLUMNS = (
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_GOODS_PRICE",
    "AMT_INCOME_TOTAL",
    "NAME_CONTRACT_TYPE",
    "FLAG_OWN_CAR",
    "FLAG_OWN_REALTY",
)
"""What an applicant may ask for otherwise or bring proof of (Ustun, Spangher and Liu 2019, "actionable recourse"): the
loan and what it is for, the declared income, what they own. Age, history and external scores are none of it."""


def score_again(recorded: RecordedDecision, model: Model, changes: Mapping[str, Any]) -> Assessment:
    """Decide on a recorded application with changed columns, beside the history that it was decided with.

    Args:
        recorded: a decision that is not erased.
        model: that decides, usually the one that did.
        changes: values by column, of `ACTIONABLE_COLUMNS` alone; None for missing.

    Raises:
        ApplicationError: the changed application does not fit the schema, or another column was changed.
        FeatureError: the recorded history is damaged.
    """
    if foreign := sorted(set(changes) - set(ACTIONABLE_COLUMNS)):
        raise ApplicationError((f"{', '.join(foreign)}: is nothing that an applicant can change",))
    document = {**(recorded.application or {}), **changes}
    application = accept_application(document)
    _, history = split_application(document)
    return assess_again(recorded, model, application.columns, history)
