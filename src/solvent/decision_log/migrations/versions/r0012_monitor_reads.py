"""The role of the monitors reads all that they need: a deployment gives them a login of their own, not the owner's."""

from alembic import op

revision = "0012"
down_revision = "0011"

ROLE = "solvent_monitor"
READ = (
    "chain_heads",
    "model_files",
    "decision_payloads (request_id, timestamp, client_id, features)",
    "client_features (client_id, program_digest, stored_at)",
)
"""Of what is personal the vectors alone, and the clients' numbers, by which the age of a stored history is found."""


def upgrade() -> None:
    """Give the rights."""
    for target in READ:
        op.execute(f"GRANT {_select(target)} TO {ROLE}")


def downgrade() -> None:
    """Take them back."""
    for target in READ:
        op.execute(f"REVOKE {_select(target)} FROM {ROLE}")


def _select(target: str) -> str:
    table, _, columns = target.partition(" ")
    return f"SELECT {columns} ON {table}"
