"""Which databases and tables somebody may do an action on, answered by one statement."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from synthdb_auth.scopes import ANY
from synthdb_auth.store import Store
from synthdb_auth.tables import GRANT_ACTIONS, GRANTS, MEMBERS, ROLE_ACTIONS
from synthdb_host.directory_tables import DATABASES

__all__ = ["Seen", "seen_by"]

_D: Final = DATABASES.c
_G: Final = GRANTS.c


@dataclass(frozen=True, slots=True)
class Seen:
    """A database, which branch and table of it (``*``: all), and whether that is allowed or denied."""

    database: str
    branch: str
    table: str
    effect: str


def seen_by(store: Store, account: str, action: str) -> tuple[Seen, ...]:
    """List, by database, what is allowed, and what of that is denied."""
    return tuple(
        Seen(row.full_name, row.branch, row.table, row.effect) for row in store.read(_question(account, action))
    )


def _question(account: str, action: str) -> "sa.Select[tuple[object, ...]]":
    mine = sa.select(MEMBERS.c.team).where(MEMBERS.c.account == account)
    wanted = (action, ANY)
    by_role = sa.select(ROLE_ACTIONS.c.role).where(ROLE_ACTIONS.c.action.in_(wanted))
    directly = sa.select(GRANT_ACTIONS.c.grant).where(GRANT_ACTIONS.c.action.in_(wanted))
    rules = (
        sa.select(_G.tenant, _G.database, _G.branch, _G.table, _G.effect)
        .where(sa.or_(_G.subject == account, _G.subject.in_(mine)))
        .where(sa.or_(_G.role.in_(by_role), _G.id.in_(directly)))
        .cte("rules")
    )
    r = rules.c
    here = sa.and_(r.tenant.in_((_D.tenant, ANY)), r.database.in_((_D.name, ANY, "/")))
    full_name = sa.case((_D.tenant == "", _D.name), else_=_D.tenant + "/" + _D.name).label("full_name")
    # What is denied on a database as a whole leaves nothing of it.
    no = rules.alias("no").c
    there = sa.and_(no.tenant.in_((_D.tenant, ANY)), no.database.in_((_D.name, ANY, "/")))
    nothing = sa.exists().where(there, no.effect == "deny", no.table == ANY).correlate(DATABASES)
    return (
        sa.select(full_name, r.branch, r.table, r.effect)
        .select_from(DATABASES.join(rules, here))
        .where(_D.state == "active", ~nothing)
        .order_by(full_name, r.effect, r.table, r.branch)
        .distinct()
    )
