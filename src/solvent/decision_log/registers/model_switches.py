"""Keeps which model came into force on an instance, when, and who asked for it."""

import psycopg

from solvent.decision_log.database.connections import SyncConnection, connected_for
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import DecisionLogError

RECORD_SECONDS = 5.0
"""A switch that is not recorded by then is not made: it holds off the others of the host."""

_INSERT = """
INSERT INTO model_switches (kind, requested_by, previous_version, model_version, bundle_digest, refusal)
VALUES (%s, %s, %s, %s, %s, %s)
"""
LIST = """
SELECT kind, requested_by, previous_version, model_version, bundle_digest, refusal, switched_at
FROM model_switches ORDER BY id DESC LIMIT %s
"""
_IN_FORCE = "SELECT model_version FROM model_switches WHERE refusal IS NULL ORDER BY id DESC LIMIT 1"


def record_switch(url: str, switch: ModelSwitch) -> None:
    """Keep a switch with the time of the server; raises DecisionLogError."""
    values = (switch.kind, switch.requested_by, switch.previous_version, switch.model_version, switch.bundle_digest)
    with connected_for(url, RECORD_SECONDS, application_name="solvent-switches") as connection:
        try:
            connection.execute(_INSERT, (*values, switch.refusal))
        except psycopg.Error as error:
            raise DecisionLogError("the switch of the model cannot be recorded: run `solvent db check`") from error


def list_switches(connection: SyncConnection, *, limit: int = 20) -> tuple[ModelSwitch, ...]:
    """Return the newest switches first; raises psycopg.Error."""
    rows = connection.execute(LIST, (limit,)).fetchall()
    return tuple(ModelSwitch(SwitchKind(row[0]), *row[1:]) for row in rows)


def find_version_in_force(connection: SyncConnection) -> str | None:
    """Return the version that was switched to last, on whichever instance; None if none ever was."""
    found = connection.execute(_IN_FORCE).fetchone()
    return None if found is None else str(found[0])
