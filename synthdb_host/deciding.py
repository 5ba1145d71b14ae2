"""Asking the sealed decisions that plugins contribute.

Every record is asked; an answer counts only if it is of the right type and comes in time. Whatever else
happens denies: an exception, a wrong type, a time-out.
"""

import logging
import time
from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Context,
    Credentials,
    Decision,
    Policy,
    Principal,
    Resource,
    RowPolicy,
    TableRestriction,
    Verdict,
)
from synthdb_host.errors import Forbidden, Unauthenticated
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Not, Or, and_all
from synthdb_host.stepping import within

if TYPE_CHECKING:
    from synthdb_host.contributions import Contribution

__all__ = ["DECISION_SECONDS", "Deciders", "columns_of", "forbidden", "join_restrictions"]

T = TypeVar("T")

DECISION_SECONDS: Final = 5.0
"""How long a suspended decision may take where the operation has no deadline."""

_log = logging.getLogger(__name__)


class _Undecided(Exception):
    """A record gave no usable answer."""


class Deciders:
    """The authenticators, authorizers and policies of all plugins, frozen."""

    def __init__(
        self,
        authenticators: Mapping[str, "Contribution[Authenticator]"],
        authorizers: "Iterable[Contribution[Authorizer]]",
        policies: "Iterable[Contribution[Policy]]",
    ) -> None:
        self.authenticators = dict(authenticators)
        self.authorizers = tuple(authorizers)
        self.policies = tuple(policies)
        versions = [one.record.version for one in self.authorizers] + [one.record.version for one in self.policies]
        self._versions = [version for version in versions if version is not None]
        self._is_versioned = len(self._versions) == len(versions)

    @property
    def version(self) -> tuple[object, ...] | None:
        """What all answers depend on beside the questions; None: nobody can say."""
        return tuple([version() for version in self._versions]) if self._is_versioned else None

    async def authenticate(self, credentials: Credentials) -> Principal:
        """Ask the authenticator of the credentials' scheme.

        Raises:
            Unauthenticated: there is none, or it gave no principal.
        """
        contribution = self.authenticators.get(credentials.scheme)
        refusal = Unauthenticated("The request carries no credential that is valid here.")
        if contribution is None:
            raise refusal
        try:
            answer = await _ask(contribution.record.authenticate(credentials), (Principal, type(None)), None)
        except Exception as error:
            _report(contribution.plugin, "authenticate", error)
            raise refusal from error
        if answer is None:
            raise refusal
        return answer

    async def refusal(self, context: Context, action: str, resource: Resource) -> Forbidden | None:
        """Ask every authorizer; None means allowed: at least one allows and none denies."""
        allowed = False
        denied: str | None = None
        for contribution in self.authorizers:
            try:
                call = contribution.record.authorize(context.principal, action, resource)
                decision = await _ask(call, Decision, context.deadline)
            except Exception as error:  # noqa: BLE001 - whatever went wrong denies
                _report(contribution.plugin, f"authorize {action}", error)
                denied = denied or "an authorizer gave no answer"
                continue
            if decision.verdict is Verdict.ALLOW:
                allowed = True
            elif decision.verdict is not Verdict.ABSTAIN:
                denied = denied or decision.reason or "denied"
        if denied is None and allowed:
            return None
        return forbidden(action, resource, denied or "nobody allows it")

    async def restriction(self, context: Context, action: str, resource: Resource) -> TableRestriction | None:
        """Ask every policy and add up what they demand; None: nothing.

        Raises:
            Forbidden: a policy gave no usable answer.
        """
        found: TableRestriction | None = None
        for contribution in self.policies:
            try:
                call = contribution.record.restrict(context.principal, action, resource)
                answer = await _ask(call, (RowPolicy, type(None)), context.deadline)
                if answer is not None:
                    _check_policy(answer)
            except Exception as error:
                _report(contribution.plugin, f"policy {contribution.record.name!r}", error)
                raise forbidden(action, resource, "a policy gave no answer") from error
            if answer is not None and (answer.rows is not None or answer.check is not None or answer.hidden):
                found = join_restrictions(found, TableRestriction(answer.rows, answer.check, answer.hidden))
        return found


def forbidden(action: str, resource: Resource, reason: str) -> Forbidden:
    """Build the refusal of an action on a resource."""
    where = f"database {resource.database!r}" if resource.table is None else f"table {resource.table!r}"
    data = {"action": action, "database": resource.database, "table": resource.table, "reason": reason}
    return Forbidden(f"You may not {action} on {where}: {reason}.", data=data)


def join_restrictions(first: TableRestriction | None, second: TableRestriction) -> TableRestriction:
    """Add up two restrictions of one table: filters and checks are ANDed, hidden columns joined."""
    if first is None or first == second:
        return second
    rows, check = and_all(first.rows, second.rows), and_all(first.check, second.check)
    return TableRestriction(rows, check, first.hidden | second.hidden)


def columns_of(condition: Filter) -> Iterable[str]:
    """List the columns that a condition about one table names.

    Raises:
        TypeError: the tree holds something that is not a condition about the table's own columns.
    """
    match condition:
        case And(items) | Or(items):
            for item in items:
                yield from columns_of(item)
        case Not(item):
            yield from columns_of(item)
        case Comparison(column=ColumnRef(name=name)):
            yield name
        case _:
            raise TypeError(f"{type(condition).__name__} is no condition on a row of the table itself")


async def _ask(call: Awaitable[T], kind: type | tuple[type, ...], deadline: float | None) -> T:
    if not isinstance(call, Coroutine):
        raise _Undecided(f"it returned {type(call).__name__}, not a coroutine")
    seconds = DECISION_SECONDS if deadline is None else max(deadline - time.monotonic(), 0)
    answer: T = await within(seconds, call)
    if not isinstance(answer, kind):
        raise _Undecided(f"it answered with {type(answer).__name__}")
    return answer


def _check_policy(policy: RowPolicy) -> None:
    # A policy is attached to whatever select the caller wrote, so it must not depend on that select's embeds.
    for condition in (policy.rows, policy.check):
        if condition is not None:
            tuple(columns_of(condition))
    if not isinstance(policy.hidden, frozenset):
        raise _Undecided(f"hidden is {type(policy.hidden).__name__}, not a frozenset of column names")


def _report(plugin: str, what: str, error: Exception) -> None:
    _log.error("Plugin %s: %s failed, so it denies: %s", plugin, what, error, exc_info=error)
