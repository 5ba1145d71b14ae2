"""What a caller may do to rows where states are combined: what he may do to them otherwise, too."""

from collections.abc import Iterable, Sequence

from synthdb_host.contracts import Restrictions
from synthdb_host.errors import Forbidden
from synthdb_host.merge_reports import CombinedTable

__all__ = ["actions_of", "require_allowed"]


def actions_of(done: CombinedTable) -> list[str]:
    """Give the actions by which rows of a table became what they are; who did any can tell what is there."""
    counts = {"insert": done.inserted, "update": done.updated, "delete": done.deleted}
    found = [action for action, count in counts.items() if count]
    return ["select", *found] if found else []


def require_allowed(restrictions: Restrictions, names: Iterable[str], actions: Sequence[str]) -> None:
    """Ask for actions on a table by every name that it has or had.

    Raises:
        Forbidden: the caller may not do one of them.
    """
    for name in sorted(names):
        for action in actions:
            if not restrictions.may_combine(action, name):
                raise Forbidden(
                    f"This would {action} rows of table {name!r}, which you may not.",
                    data={"action": action, "table": name},
                )
