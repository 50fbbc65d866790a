"""The API may take outcomes, from keys with a scope of their own."""

from alembic import op

revision = "0008"
down_revision = "0007"

SCOPES = "'score', 'read', 'admin', 'erase'"


def upgrade() -> None:
    """Let the API add outcomes, and keys have the scope."""
    op.execute("GRANT INSERT, SELECT ON outcomes TO solvent_api")
    _allow(f"{SCOPES}, 'outcomes'")


def downgrade() -> None:
    """Take both back; keys with no other scope go."""
    op.execute("REVOKE INSERT, SELECT ON outcomes FROM solvent_api")
    op.execute("DELETE FROM api_keys WHERE scopes = ARRAY['outcomes']")
    op.execute("UPDATE api_keys SET scopes = array_remove(scopes, 'outcomes') WHERE 'outcomes' = ANY(scopes)")
    _allow(SCOPES)


def _allow(scopes: str) -> None:
    op.execute("ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check")
    op.execute(
        "ALTER TABLE api_keys ADD CONSTRAINT api_keys_scopes_check "
        f"CHECK (scopes <@ ARRAY[{scopes}] AND cardinality(scopes) > 0)"
    )
