"""Tenants, placements, and databases that belong to tenants and lie in placements."""

import sqlalchemy as sa
from alembic import op

revision = "host_0003"
down_revision = "host_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; what databases there are belong to no tenant, and lie where they do."""
    op.create_table(
        "tenants",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False, server_default="active"),
        sa.Column("max_databases", sa.Integer),
        sa.Column("quotas", sa.Text, nullable=False, server_default="{}"),
        _created_at(),
    )
    op.create_table(
        "tenant_hosts",
        sa.Column("host", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False, index=True),
    )
    op.create_table(
        "placements",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("isolation", sa.String, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False, server_default="1"),
        sa.Column("region", sa.String, nullable=False, server_default=""),
        sa.Column("tier", sa.String, nullable=False, server_default=""),
        sa.Column("state", sa.String, nullable=False, server_default="active"),
        _created_at(),
    )
    op.rename_table("databases", "old_databases")
    op.create_table(
        "databases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False, server_default=""),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("placement", sa.String, nullable=False, server_default="", index=True),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, server_default="active"),
        sa.Column("quotas", sa.Text, nullable=False, server_default="{}"),
        _created_at(),
        sa.UniqueConstraint("tenant", "name"),
        sqlite_autoincrement=True,  # what was made of a database that is gone is never taken for that of another
    )
    op.execute(
        "INSERT INTO databases (name, url, created_at) "
        "SELECT name, url, created_at FROM old_databases ORDER BY created_at"
    )
    op.drop_table("old_databases")


def downgrade() -> None:
    """Keep the names and places of databases that belong to no tenant."""
    op.rename_table("databases", "new_databases")
    op.create_table(
        "databases",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("url", sa.String, nullable=False),
        _created_at(),
    )
    op.execute(
        "INSERT INTO databases (name, url, created_at) "
        "SELECT name, url, created_at FROM new_databases WHERE tenant = ''"
    )
    for table in ("new_databases", "placements", "tenant_hosts", "tenants"):
        op.drop_table(table)


def _created_at() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP"))
