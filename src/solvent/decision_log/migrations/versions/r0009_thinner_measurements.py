"""Monitors may remove measurements: of the windows that end on one day, the last is kept."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Give the right."""
    op.execute("GRANT DELETE ON measurements TO solvent_monitor")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE DELETE ON measurements FROM solvent_monitor")
