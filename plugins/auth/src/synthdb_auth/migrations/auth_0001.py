"""Accounts, keys, sessions, teams, roles, grants and the audit log. Times are seconds since 1970, UTC."""

import sqlalchemy as sa
from alembic import op

revision = "auth_0001"
down_revision = None
branch_labels = None
depends_on = None

BUILT_IN = {
    "admin": ("Everything, administration included.", ["*"]),
    "editor": (
        "Read and write rows, change tables, work with branches.",
        ["select", "insert", "update", "delete", "define", "introspect", "sql", "history", "follow", "branch", "merge"],
    ),
    "writer": ("Read and write rows.", ["select", "insert", "update", "delete", "introspect", "history", "follow"]),
    "reader": ("Read rows and their history.", ["select", "introspect", "sql", "history", "follow"]),
}


def upgrade() -> None:
    """Make the tables, and the roles that there are from the start."""
    _make_accounts()
    _make_roles()
    _make_grants()
    _make_audit()
    op.execute("INSERT INTO auth_chain (id, number, digest) VALUES (1, 0, x'')")
    for name, (description, actions) in BUILT_IN.items():
        op.execute(
            sa.text("INSERT INTO auth_roles (id, tenant, name, description) VALUES (:id, '', :id, :text)").bindparams(
                id=name, text=description
            )
        )
        for action in actions:
            op.execute(
                sa.text("INSERT INTO auth_role_actions (role, action) VALUES (:role, :action)").bindparams(
                    role=name, action=action
                )
            )


def _make_accounts() -> None:
    op.create_table(
        "auth_accounts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("password", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.UniqueConstraint("tenant", "name"),
    )
    for table, *columns in (
        (
            "auth_keys",
            sa.Column("label", sa.String, nullable=False),
            sa.Column("shown", sa.String, nullable=False),
            sa.Column("scopes", sa.String),
            sa.Column("expires_at", sa.Float),
        ),
        (
            "auth_sessions",
            sa.Column("client", sa.String, nullable=False),
            sa.Column("expires_at", sa.Float, nullable=False),
        ),
    ):
        op.create_table(
            str(table),
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("account", sa.String, sa.ForeignKey("auth_accounts.id"), nullable=False),
            sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
            sa.Column("created_at", sa.Float, nullable=False),
            sa.Column("revoked_at", sa.Float),
            sa.Column("used_at", sa.Float),
            *columns,
        )
        op.create_index(f"{table}_account", str(table), ["account"])


def _make_roles() -> None:
    for table, *columns in (("auth_teams",), ("auth_roles", sa.Column("description", sa.String, nullable=False))):
        op.create_table(
            str(table),
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("tenant", sa.String, nullable=False),
            sa.Column("name", sa.String, nullable=False),
            *columns,
            sa.UniqueConstraint("tenant", "name"),
        )
    op.create_table(
        "auth_members",
        sa.Column("team", sa.String, sa.ForeignKey("auth_teams.id"), primary_key=True),
        sa.Column("account", sa.String, sa.ForeignKey("auth_accounts.id"), primary_key=True),
    )
    op.create_index("auth_members_account", "auth_members", ["account"])
    op.create_table(
        "auth_role_actions",
        sa.Column("role", sa.String, sa.ForeignKey("auth_roles.id"), primary_key=True),
        sa.Column("action", sa.String, primary_key=True),
    )


def _make_grants() -> None:
    op.create_table(
        "auth_grants",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("effect", sa.String, nullable=False),
        sa.Column("role", sa.String, sa.ForeignKey("auth_roles.id")),
        sa.Column("database", sa.String, nullable=False),
        sa.Column("branch", sa.String, nullable=False),
        sa.Column("table", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("auth_grants_subject", "auth_grants", ["subject"])
    op.create_table(
        "auth_grant_actions",
        sa.Column("grant", sa.String, sa.ForeignKey("auth_grants.id"), primary_key=True),
        sa.Column("action", sa.String, primary_key=True),
    )


def _make_audit() -> None:
    op.create_table(
        "auth_audit",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("details", sa.String, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "auth_chain",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop all of it."""
    for table in (
        "auth_chain", "auth_audit", "auth_grant_actions", "auth_grants", "auth_role_actions", "auth_members",
        "auth_roles", "auth_teams", "auth_sessions", "auth_keys", "auth_accounts",
    ):  # fmt: skip
        op.drop_table(table)
