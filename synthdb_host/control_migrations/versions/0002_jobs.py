"""Background jobs, and when schedules fire next. Times are seconds since 1970, UTC."""

import sqlalchemy as sa
from alembic import op

revision = "host_0002"
down_revision = "host_0001"
branch_labels = None
depends_on = None

ACTIVE = sa.text("key IS NOT NULL AND state IN ('queued', 'running')")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run_at", sa.Float, nullable=False),
        sa.Column("progress", sa.Float),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("owner", sa.String),
        sa.Column("lease_until", sa.Float),
        sa.Column("cancelled_at", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
        sqlite_autoincrement=True,  # the id of a job that was removed never comes again
    )
    op.create_index("jobs_due", "jobs", ["state", "run_at"])
    op.create_index("jobs_key", "jobs", ["key"], unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE)
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("spec", sa.String, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("fired_at", sa.Float),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("job_schedules")
    op.drop_table("jobs")
