"""Moves of databases: those that go on or were interrupted, and those whose old copy is kept."""

import sqlalchemy as sa
from alembic import op

revision = "host_0004"
down_revision = "host_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; a database has one move at a time."""
    op.create_table(
        "moves",
        sa.Column("database", sa.Integer, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("placement", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("moves")
