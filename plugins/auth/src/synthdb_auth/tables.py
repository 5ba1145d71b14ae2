"""The plugin's tables in the control database. Times are seconds since 1970, UTC.

A tenant is its name, or empty for what belongs to the installation as a whole.
"""

from typing import Final

import sqlalchemy as sa

__all__ = [
    "ACCOUNTS",
    "AUDIT",
    "CHAIN",
    "GRANTS",
    "GRANT_ACTIONS",
    "KEYS",
    "MEMBERS",
    "ROLES",
    "ROLE_ACTIONS",
    "SESSIONS",
    "TEAMS",
]

_META: Final = sa.MetaData()

ACCOUNTS: Final = sa.Table(
    "auth_accounts",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("password", sa.String),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.UniqueConstraint("tenant", "name"),
)
"""Users and service accounts. A name is given once and never to another one."""

KEYS: Final = sa.Table(
    "auth_keys",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("account", sa.String, sa.ForeignKey("auth_accounts.id"), nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("shown", sa.String, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", sa.String),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float),
    sa.Column("revoked_at", sa.Float),
    sa.Column("used_at", sa.Float),
)
"""API keys: what is known of each but the key itself. Without ``scopes`` one may do all that its account may."""

SESSIONS: Final = sa.Table(
    "auth_sessions",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("account", sa.String, sa.ForeignKey("auth_accounts.id"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("client", sa.String, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("revoked_at", sa.Float),
    sa.Column("used_at", sa.Float),
)
"""What a login gave."""

TEAMS: Final = sa.Table(
    "auth_teams",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.UniqueConstraint("tenant", "name"),
)

MEMBERS: Final = sa.Table(
    "auth_members",
    _META,
    sa.Column("team", sa.String, sa.ForeignKey("auth_teams.id"), primary_key=True),
    sa.Column("account", sa.String, sa.ForeignKey("auth_accounts.id"), primary_key=True),
)

ROLES: Final = sa.Table(
    "auth_roles",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("description", sa.String, nullable=False),
    sa.UniqueConstraint("tenant", "name"),
)
"""Sets of actions by name. Those without a tenant can be given in each."""

ROLE_ACTIONS: Final = sa.Table(
    "auth_role_actions",
    _META,
    sa.Column("role", sa.String, sa.ForeignKey("auth_roles.id"), primary_key=True),
    sa.Column("action", sa.String, primary_key=True),
)
"""``*`` is every action."""

GRANTS: Final = sa.Table(
    "auth_grants",
    _META,
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
"""What is allowed or denied to an account or a team (by id), by a role or by actions, on which part of the tree.

``*`` is any; ``tenant`` is that of the databases, ``*`` those of all and of none.
"""

GRANT_ACTIONS: Final = sa.Table(
    "auth_grant_actions",
    _META,
    sa.Column("grant", sa.String, sa.ForeignKey("auth_grants.id"), primary_key=True),
    sa.Column("action", sa.String, primary_key=True),
)

AUDIT: Final = sa.Table(
    "auth_audit",
    _META,
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
"""What happened, each entry sealed together with the one before it."""

CHAIN: Final = sa.Table(
    "auth_chain",
    _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)
"""One row: the last entry of the log. Whoever changes anything writes it first, and so keeps others out."""
