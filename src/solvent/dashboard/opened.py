"""One decision opened: found, explained, replayed, scored again; every read with the rights of an officer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import streamlit as st

from solvent.dashboard.reading import FRESH_SECONDS
from solvent.dashboard.recorded_models import load_recorded_model
from solvent.decision_log.database.roles import AS_OFFICER
from solvent.decision_log.figures.latest import DecisionLine, read_latest, read_of_client
from solvent.decision_log.figures.questions import as_text, open_reader
from solvent.decision_log.reading import recorded as reading
from solvent.domain.records import RecordedDecision
from solvent.errors import BundleError
from solvent.scoring.explanation import Explanation, explain
from solvent.scoring.model import Assessment, Model
from solvent.scoring.replay import find_differences
from solvent.scoring.what_if import score_again


@dataclass(frozen=True)
class Opened:
    """A recorded decision with the model that made it, None if that cannot be restored, and its explanation.

    `query` is the statements that opened it.
    """

    recorded: RecordedDecision
    query: str
    model: Model | None
    explanation: Explanation | None

    def differences(self) -> tuple[str, ...]:
        """What does not come out as it was recorded."""
        return find_differences(self.recorded, self.model) if self.model else ()

    def again(self, changes: Mapping[str, Any]) -> Assessment | None:
        """Score with changed columns; raises ApplicationError."""
        return score_again(self.recorded, self.model, changes) if self.model else None

    def export(self) -> bytes:
        """The explanation as JSON, as `solvent explain --json` prints it."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
        return orjson.dumps(self.explanation, option=options, default=list)


def open_decision(url: str, request_id: UUID) -> Opened | None:
    """Find and explain a decision; None if there is none. Raises DecisionLogError."""
    with open_reader(url, session=AS_OFFICER) as connection:
        recorded = reading.open_decision(connection, request_id)
        opening = as_text(connection, reading.OPEN_REQUEST, (str(request_id),))
        query = f"{opening};\n{as_text(connection, reading.OPENED, (request_id,))};"
    if recorded is None:
        return None
    try:
        model = load_recorded_model(url, recorded.model_version)
    except BundleError:
        return Opened(recorded, query, None, None)
    return Opened(recorded, query, model, explain(recorded, model))


def find_of_client(url: str, client_id: int) -> tuple[DecisionLine, ...]:
    """The decisions on a client; raises DecisionLogError."""
    with open_reader(url, session=AS_OFFICER) as connection:
        return read_of_client(connection, client_id)


@st.cache_data(ttl=FRESH_SECONDS, max_entries=10, show_spinner=False)
def find_latest(url: str) -> tuple[DecisionLine, ...]:
    """The newest decisions; raises DecisionLogError."""
    with open_reader(url) as connection:
        return read_latest(connection)
