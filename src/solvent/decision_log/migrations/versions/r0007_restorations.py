"""The ledger may state that a database was restored from a backup."""

from alembic import op

revision = "0007"
down_revision = "0006"

KINDS = "'checkpoint', 'erased', 'retired'"


def upgrade() -> None:
    """Allow one more kind."""
    _allow(f"{KINDS}, 'restored'")


def downgrade() -> None:
    """Allow it no more; entries of the kind stay, since later ones rest on them."""
    _allow(KINDS, "NOT VALID")


def _allow(kinds: str, validity: str = "") -> None:
    op.execute("ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check")
    op.execute(f"ALTER TABLE ledger ADD CONSTRAINT ledger_kind_check CHECK (kind IN ({kinds})) {validity}")
