"""What an account may do: the rules for it and for its teams, and which of them decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from synthdb_auth.scopes import ANY, Place, Right
from synthdb_auth.store import Store
from synthdb_auth.tables import ACCOUNTS, GRANT_ACTIONS, GRANTS, MEMBERS, ROLE_ACTIONS, ROLES, TEAMS
from synthdb_host.contracts import Resource
from synthdb_host.tenancy import split_name

__all__ = ["NOBODY", "SEE", "Finding", "Rights", "Rule", "load_rights"]

SEE: Final = "see"
"""What the gate asks before it tells somebody that there is a database."""

NOBODY: Final = "nobody allows it"

_DEFINE: Final = "define"
_NAMES: Final = (ROLES.c.name.label("role_name"), TEAMS.c.name.label("team"), ACCOUNTS.c.name)


@dataclass(frozen=True, slots=True)
class Rule:
    """A grant as it concerns one account. ``tenant`` is whose databases it is about; ``*``: everybody's."""

    id: str
    effect: Literal["allow", "deny"]
    right: Right
    tenant: str
    given_to: str
    role: str = ""
    reason: str = ""

    def is_about(self, tenant: str) -> bool:
        """Say whether it is about the databases of a tenant."""
        return self.tenant in (ANY, tenant)

    def __str__(self) -> str:
        what = f"role {self.role}" if self.role else ",".join(sorted(self.right.actions))
        verb = "allows" if self.effect == "allow" else "denies"
        return f"{self.id} {verb} {what} on {self.right.place} to {self.given_to}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was decided, by which rule (None: there is none that allows it), and why in words."""

    allowed: bool
    rule: Rule | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rights:
    """The rules for one account. Any that denies wins; where none allows, it is denied."""

    rules: tuple[Rule, ...]

    def decide(self, action: str, resource: Resource, scopes: Iterable[Right] | None = None) -> Finding:
        """Decide about an action; ``scopes`` are those of the key that is used, None: it has none."""
        tenant = split_name(resource.database)[0]
        about = [rule for rule in self.rules if rule.is_about(tenant)]
        for rule in about:
            if rule.effect == "deny" and _denies(rule.right, action, resource):
                return Finding(False, rule, rule.reason or f"rule {rule.id} denies it")
        allowing = next(
            (rule for rule in about if rule.effect == "allow" and _allows(rule.right, action, resource)), None
        )
        if allowing is None:
            return Finding(False, None, NOBODY)
        if scopes is not None and not any(_allows(scope, action, resource) for scope in scopes):
            return Finding(False, None, "the key that was sent is not for this")
        return Finding(True, allowing, f"rule {allowing.id} allows it")


def _allows(right: Right, action: str, resource: Resource) -> bool:
    if action == SEE:
        return right.place.is_all or right.place.database in (ANY, split_name(resource.database)[1])
    return right.covers(action, resource)


def _denies(right: Right, action: str, resource: Resource) -> bool:
    if action == SEE:
        return right.covers("select", resource)
    if action == _DEFINE and resource.table is not None:
        # Under another name the table would not be what is denied here.
        return right.place.covers(resource)
    return right.covers(action, resource)


def load_rights(store: Store, account: str) -> Rights:
    """Read the rules for an account and its teams, by one statement."""
    rules: dict[str, Rule] = {}
    actions: dict[str, set[str]] = {}
    for row in store.read(_rules_of(account)):
        actions.setdefault(row.id, set()).add(row.action)
        whose = f"team {row.team}" if row.team else f"account {row.name}"
        place = Place(row.database, row.branch, row.table, is_all=row.database == "/")
        right = Right(frozenset(actions[row.id]), place)
        rules[row.id] = Rule(row.id, row.effect, right, row.tenant, whose, row.role_name or "", row.reason)
    return Rights(tuple(sorted(rules.values(), key=lambda rule: rule.id)))


def _rules_of(account: str) -> "sa.Select[tuple[object, ...]]":
    """Give each grant for an account, with each action that it is about."""
    mine = sa.select(MEMBERS.c.team).where(MEMBERS.c.account == account)
    action = sa.func.coalesce(ROLE_ACTIONS.c.action, GRANT_ACTIONS.c.action)
    return (
        sa.select(GRANTS, action.label("action"), *_NAMES)
        .select_from(GRANTS)
        .outerjoin(ROLES, ROLES.c.id == GRANTS.c.role)
        .outerjoin(ROLE_ACTIONS, ROLE_ACTIONS.c.role == GRANTS.c.role)
        .outerjoin(GRANT_ACTIONS, GRANT_ACTIONS.c.grant == GRANTS.c.id)
        .outerjoin(TEAMS, TEAMS.c.id == GRANTS.c.subject)
        .outerjoin(ACCOUNTS, ACCOUNTS.c.id == GRANTS.c.subject)
        .where(sa.or_(GRANTS.c.subject == account, GRANTS.c.subject.in_(mine)), action.is_not(None))
    )
