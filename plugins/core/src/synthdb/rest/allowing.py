"""What an address can be asked, as far as the caller may do it: the header Allow."""

from collections.abc import Mapping
from typing import Final

from synthdb.rest.address import Address
from synthdb_host.contracts import Context, Resource
from synthdb_host.gate import Gate
from synthdb_host.operations import Ref

__all__ = ["CELL", "ROW", "SUFFIXED", "TABLE", "TWIN", "allowed_of", "is_writable"]

_ACTIONS: Final = ("select", "insert", "update", "delete")
_SELECT: Final = frozenset({"select"})
_WRITES: Final = {
    "PATCH": frozenset({"update"}),
    "PUT": frozenset({"insert", "update"}),
    "DELETE": frozenset({"delete"}),
}

SUFFIXED: Final = {"GET": _SELECT, "HEAD": _SELECT, "QUERY": _SELECT}
"""The methods of a table at an address with a suffix, and the actions that each needs."""

TABLE: Final = {**SUFFIXED, "POST": frozenset({"insert"}), **_WRITES}
"""Those of a table."""

ROW: Final = {"GET": _SELECT, "HEAD": _SELECT, **{method: needed | _SELECT for method, needed in _WRITES.items()}}
"""Those of a row, which is found by its key."""

TWIN: Final = {"GET": _SELECT, "HEAD": _SELECT, "POST": _SELECT, **ROW}
"""Those at ``/query``: POST asks, and all others are about the row with this key."""

CELL: Final = {"GET": _SELECT, "HEAD": _SELECT, "PUT": _SELECT | {"update"}, "DELETE": _SELECT | {"update"}}
"""Those of a cell."""


async def allowed_of(gate: Gate, caller: Context, address: Address, methods: Mapping[str, frozenset[str]]) -> str:
    """List the methods that the caller may use on a table and what is in it, there or not."""
    resource = Resource(address.database, address.table, str(address.ref))
    actions = await gate.permitted(resource, _ACTIONS if is_writable(address.ref) else _SELECT, caller)
    return ", ".join([*(method for method, needed in methods.items() if needed <= actions), "OPTIONS"])


def is_writable(ref: Ref) -> bool:
    """Say whether a ref is a branch as it is now, so far as its name tells."""
    return ref.at is None and not ref.branch[:1].isdigit()
