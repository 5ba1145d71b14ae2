"""Whether a caller may do what combining two states comes to."""

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import Forbidden
from synthdb_memory.differing import changed_rows
from synthdb_memory.normal import normal
from synthdb_memory.state import State

__all__ = ["check_permitted", "check_unlimited"]


def check_unlimited(restrictions: Restrictions) -> None:
    """Refuse to combine states for who sees or writes only parts of tables."""
    if any(limit != TableRestriction() for limit in restrictions.tables.values()):
        raise Forbidden("Some tables are restricted for you.")


def check_permitted(restrictions: Restrictions, before: State, after: State) -> None:
    """Refuse what the caller could not do row by row either; a table is asked for by each of its names."""
    if not restrictions.may_define and before.catalog().tables != after.catalog().tables:
        raise Forbidden("You may not change the schema.")
    states = normal(before), normal(after)
    for table, action in {(change.table, change.change) for change in changed_rows(*states)}:
        uid = next(uid for state in states for uid, found in state.items() if found.is_live and found.name == table)
        for name in {state[uid].name for state in states if uid in state}:
            for needed in ("select", action):
                if not restrictions.may_combine(needed, name):
                    raise Forbidden(f"You may not {needed} rows of {name!r}.")
