"""Roles, teams, and what is allowed or denied to whom."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from synthdb_auth.accounts import Account, Accounts
from synthdb_auth.scopes import ANY, Place
from synthdb_auth.store import Change, Store, new_id
from synthdb_auth.tables import ACCOUNTS, GRANT_ACTIONS, GRANTS, MEMBERS, ROLE_ACTIONS, ROLES, TEAMS
from synthdb_host.errors import Conflict, DuplicateName, InvalidName, InvalidParameter, NotFound

__all__ = ["EVERY_TENANT", "Grant", "Grants", "Role", "Team"]

EVERY_TENANT: Final = ANY
"""The tenant of grants on the databases of all tenants, and of those that belong to none."""

_NAMES: Final = (ROLES.c.name.label("role_name"), ACCOUNTS.c.name.label("account"), TEAMS.c.name.label("team"))
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Role:
    """A set of actions; ``*`` is every one. Without a tenant it can be given in each."""

    id: str
    tenant: str
    name: str
    description: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """Accounts that have rights together."""

    id: str
    tenant: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allowed or denied on a place, to an account or a team, by a role or by actions."""

    id: str
    tenant: str
    to: str
    effect: Literal["allow", "deny"]
    role: str
    actions: tuple[str, ...]
    place: str
    reason: str


class Grants:
    """The roles, teams and grants of an installation."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store = store
        self._accounts = accounts

    # -- roles ------------------------------------------------------------------------------------------

    def roles(self, tenant: str | None = None, name: str | None = None) -> tuple[Role, ...]:
        """List the roles that there are for a tenant, or all."""
        question = sa.select(ROLES, sa.func.group_concat(ROLE_ACTIONS.c.action).label("actions"))
        question = question.outerjoin(ROLE_ACTIONS).group_by(ROLES.c.id).order_by(ROLES.c.tenant, ROLES.c.name)
        if tenant is not None:
            question = question.where(ROLES.c.tenant.in_((tenant, "")))
        if name is not None:
            question = question.where(ROLES.c.name == name)
        return tuple(map(_role, self._store.read(question)))

    def role(self, name: str, tenant: str = "") -> Role:
        """Give a role of a tenant, or one that there is for all; raises NotFound."""
        found = self.roles(tenant, name)
        if not found:
            raise NotFound(f"There is no role {name!r}.", hint="synthdb auth roles list")
        return found[-1]

    def create_role(
        self, name: str, actions: Collection[str], description: str = "", tenant: str = "", by: str = "local"
    ) -> Role:
        """Make a role; raises InvalidName, DuplicateName."""
        _check_name(name, "role")
        if self.roles(tenant, name):
            raise DuplicateName(f"There is a role {name!r}.")
        with self._store.change(by) as change:
            id_ = new_id("rol")
            values = {"id": id_, "tenant": tenant, "name": name, "description": description[:500]}
            change.connection.execute(sa.insert(ROLES).values(values))
            for action in sorted(actions):
                change.connection.execute(sa.insert(ROLE_ACTIONS).values(role=id_, action=action))
            change.note("role.create", name, tenant, details={"actions": sorted(actions)})
        return self.role(name, tenant)

    def delete_role(self, role: Role, by: str = "local") -> None:
        """Remove a role that nobody has; raises Conflict."""
        with self._store.change(by) as change:
            used = change.connection.scalar(sa.select(sa.func.count()).where(GRANTS.c.role == role.id))
            if used or role.id == role.name:
                why = f"is given by {used} grants" if used else "is there from the start"
                raise Conflict(f"The role {role.name!r} {why}.", hint="synthdb auth grants revoke ID")
            change.connection.execute(sa.delete(ROLE_ACTIONS).where(ROLE_ACTIONS.c.role == role.id))
            change.connection.execute(sa.delete(ROLES).where(ROLES.c.id == role.id))
            change.note("role.delete", role.name, role.tenant)

    # -- teams ------------------------------------------------------------------------------------------

    def teams(self, tenant: str | None = None, name: str | None = None) -> tuple[Team, ...]:
        """List the teams, of a tenant or all."""
        members: dict[str, list[str]] = {}
        for row in self._store.read(
            sa.select(MEMBERS.c.team, ACCOUNTS.c.name).join(ACCOUNTS, ACCOUNTS.c.id == MEMBERS.c.account)
        ):
            members.setdefault(row.team, []).append(row.name)
        wanted = {TEAMS.c.tenant: tenant, TEAMS.c.name: name}
        question = sa.select(TEAMS).where(*(one == value for one, value in wanted.items() if value is not None))
        rows = self._store.read(question.order_by(TEAMS.c.tenant, TEAMS.c.name))
        return tuple(Team(row.id, row.tenant, row.name, tuple(sorted(members.get(row.id, ())))) for row in rows)

    def team(self, name: str, tenant: str = "") -> Team:
        """Give a team; raises NotFound."""
        found = self.teams(tenant, name)
        if not found:
            raise NotFound(f"There is no team {name!r}.", hint="synthdb auth teams list")
        return found[0]

    def create_team(self, name: str, tenant: str = "", by: str = "local") -> Team:
        """Make a team; raises InvalidName, DuplicateName."""
        _check_name(name, "team")
        if self.teams(tenant, name):
            raise DuplicateName(f"There is a team {name!r}.")
        with self._store.change(by) as change:
            change.connection.execute(sa.insert(TEAMS).values(id=new_id("team"), tenant=tenant, name=name))
            change.note("team.create", name, tenant)
        return self.team(name, tenant)

    def add_member(self, team: Team, account: Account, by: str = "local") -> bool:
        """Put an account into a team of its tenant; False: it is in it. Raises Conflict."""
        if account.tenant != team.tenant:
            raise Conflict("A team has members of its own tenant only.")
        if account.name in team.members:
            return False
        with self._store.change(by) as change:
            change.connection.execute(sa.insert(MEMBERS).values(team=team.id, account=account.id))
            change.note("team.add", team.name, team.tenant, details={"account": account.name})
        return True

    def remove_member(self, team: Team, account: Account, by: str = "local") -> bool:
        """Take an account out of a team; False: it is not in it."""
        gone = sa.delete(MEMBERS).where(MEMBERS.c.team == team.id, MEMBERS.c.account == account.id)
        with self._store.change(by) as change:
            removed = change.connection.execute(gone).rowcount > 0
            if removed:
                change.note("team.remove", team.name, team.tenant, details={"account": account.name})
        return removed

    # -- grants -----------------------------------------------------------------------------------------

    def list(self, subject: Account | Team | None = None, id_: str | None = None) -> tuple[Grant, ...]:
        """List grants, of an account or team or all."""
        actions: dict[str, list[str]] = {}
        for row in self._store.read(sa.select(GRANT_ACTIONS)):
            actions.setdefault(row.grant, []).append(row.action)
        question = (
            sa.select(GRANTS, *_NAMES)
            .outerjoin(ROLES, ROLES.c.id == GRANTS.c.role)
            .outerjoin(ACCOUNTS, ACCOUNTS.c.id == GRANTS.c.subject)
            .outerjoin(TEAMS, TEAMS.c.id == GRANTS.c.subject)
        )
        if subject is not None:
            question = question.where(GRANTS.c.subject == subject.id)
        if id_ is not None:
            question = question.where(GRANTS.c.id == id_)
        rows = self._store.read(question.order_by(GRANTS.c.created_at, GRANTS.c.id))
        return tuple(_grant(row, tuple(sorted(actions.get(row.id, ())))) for row in rows)

    def create(
        self,
        subject: Account | Team,
        place: Place,
        *,
        role: Role | None = None,
        actions: Collection[str] = (),
        effect: Literal["allow", "deny"] = "allow",
        tenant: str | None = None,
        reason: str = "",
        by: str = "local",
    ) -> Grant:
        """Allow or deny something; one that is there already is not made again.

        Args:
            subject: to whom.
            place: where in the tree of the tenant's databases.
            role: all actions of a role, or else
            actions: these.
            effect: a denial wins over whatever is allowed.
            tenant: whose databases; by default the subject's own. Only accounts of the installation have rights on
                those of others.
            reason: told to those who are refused.
            by: who does this.

        Raises:
            InvalidParameter: there is neither a role nor an action, or both; or a denial is about a branch.
            Conflict: the databases are those of another tenant.
        """
        tenant = subject.tenant if tenant is None else tenant
        if (role is None) == (not actions):
            raise InvalidParameter("A grant is about a role or about actions.")
        if effect == "deny" and place.branch != ANY:
            raise InvalidParameter(
                "A denial cannot be about one branch: its rows are found by commits and tags, too.",
                hint="Allow the other branches instead.",
            )
        if tenant != subject.tenant and subject.tenant:
            raise Conflict("Who belongs to a tenant has no rights on the databases of others.")
        wish = _Wish(subject, place, role, frozenset(actions), effect, tenant, reason)
        with self._store.change(by) as change:
            made = _same(change, wish) or _insert(change, wish)
        return self.list(id_=made)[0]

    def share_table(
        self, database: str, table: str, team: Team, permissions: Collection[str], by: str = "local"
    ) -> Grant:
        """Allow a team some actions on a table."""
        return self.create(team, Place(database, table=table), actions=permissions, by=by)

    def revoke(self, id_: str, by: str = "local") -> bool:
        """Take a grant back; False: there is none."""
        found = self.list(id_=id_)
        if not found:
            return False
        with self._store.change(by) as change:
            change.connection.execute(sa.delete(GRANT_ACTIONS).where(GRANT_ACTIONS.c.grant == id_))
            change.connection.execute(sa.delete(GRANTS).where(GRANTS.c.id == id_))
            change.note("grant.revoke", id_, found[0].tenant, details={"to": found[0].to, "place": found[0].place})
        return True

    def has_administrator(self) -> bool:
        """Say whether there is anybody who may do everything."""
        everything = sa.select(ROLE_ACTIONS.c.role).where(ROLE_ACTIONS.c.action == ANY)
        question = sa.select(GRANTS.c.id).where(
            GRANTS.c.role.in_(everything), GRANTS.c.database == "/", GRANTS.c.effect == "allow"
        )
        return bool(self._store.read(question.limit(1)))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A grant that is to be made."""

    subject: Account | Team
    place: Place
    role: Role | None
    actions: frozenset[str]
    effect: Literal["allow", "deny"]
    tenant: str
    reason: str

    def values(self) -> dict[str, object]:
        """Give what its row has beside its id."""
        return {
            "tenant": self.tenant,
            "subject": self.subject.id,
            "effect": self.effect,
            "role": self.role.id if self.role else None,
            "database": "/" if self.place.is_all else self.place.database,
            "branch": self.place.branch,
            "table": self.place.table,
        }


def _same(change: Change, wish: _Wish) -> str | None:
    """Find a grant that says the same."""
    alike = [GRANTS.c[name].is_not_distinct_from(value) for name, value in wish.values().items()]
    for id_ in change.connection.scalars(sa.select(GRANTS.c.id).where(*alike)).all():
        found = change.connection.scalars(sa.select(GRANT_ACTIONS.c.action).where(GRANT_ACTIONS.c.grant == id_))
        if set(found) == wish.actions:
            return str(id_)
    return None


def _insert(change: Change, wish: _Wish) -> str:
    id_ = new_id("grt")
    values = wish.values() | {"id": id_, "reason": wish.reason[:500], "created_at": change.at}
    change.connection.execute(sa.insert(GRANTS).values(values))
    for action in sorted(wish.actions):
        change.connection.execute(sa.insert(GRANT_ACTIONS).values({"grant": id_, "action": action}))
    what = {"role": wish.role.name} if wish.role else {"actions": sorted(wish.actions)}
    details = {"to": wish.subject.name, "place": str(wish.place), **what}
    change.note(f"grant.{wish.effect}", id_, wish.tenant, details=details)
    return id_


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidName(f"{name!r} cannot be the name of a {what}.", hint="lower-case letters, digits, _ and -")


def _role(row: "sa.Row[tuple[object, ...]]") -> Role:
    return Role(row.id, row.tenant, row.name, row.description, tuple(sorted((row.actions or "").split(","))))


def _grant(row: "sa.Row[tuple[object, ...]]", actions: tuple[str, ...]) -> Grant:
    place = Place(row.database, row.branch, row.table, is_all=row.database == "/")
    to = f"team:{row.team}" if row.team else row.account
    return Grant(row.id, row.tenant, to, row.effect, row.role_name or "", actions, str(place), row.reason)
