"""What the commands have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from synthdb_auth.accounts import Account
from synthdb_auth.grants import Team
from synthdb_auth.service import Auth
from synthdb_host.errors import InvalidParameter
from synthdb_host.selection import closest
from synthdb_host.session import Session

__all__ = ["check_actions", "opened", "subject_of", "tenant_option"]

F = TypeVar("F", bound=Callable[..., Any])

tenant_option = click.option("--tenant", default="", help="The tenant; without it, the installation itself.")

_MORE = frozenset({"*", "select", "insert", "update", "delete", "define"})


@contextmanager
def opened(session: Session) -> Iterator[Auth]:
    """Give the parts of the plugin over a data folder, and write down what was noted."""
    auth = Auth(session.host())
    try:
        yield auth
    finally:
        auth.notes.close()


def subject_of(auth: Auth, text: str, tenant: str) -> Account | Team:
    """Find an account, or a team that is written ``team:NAME``; raises NotFound."""
    kind, colon, name = text.partition(":")
    return auth.grants.team(name, tenant) if colon and kind == "team" else auth.accounts.get(text, tenant)


def check_actions(session: Session, actions: frozenset[str]) -> None:
    """Refuse actions that no plugin knows.

    Raises:
        InvalidParameter: there is no such action.
    """
    known = _MORE | {one.record.action for one in session.host().contributions.permissions}
    for action in sorted(actions - known):
        raise InvalidParameter(f"There is no action {action!r}{closest(action, known)}.", hint=", ".join(sorted(known)))
