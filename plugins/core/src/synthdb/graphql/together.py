"""Several selects that are read at one state, though each is read by itself.

Nearly always nothing is written between them, and their states say so; else they are read again, and if it happens
again and again, in one transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from synthdb_host.contracts import Result
from synthdb_host.errors import CatalogChanged, RequestError
from synthdb_host.operations import Batch, Operation, Ref, Select

__all__ = ["read_together"]

_TRIES: Final = 4
_NO_STATE: Final[frozenset[str]] = frozenset()

_Execute = Callable[[Operation], Awaitable[Result]]


async def read_together(execute: _Execute, selects: Sequence[Select], ref: Ref) -> list[Result | Exception]:
    """Read selects of one ref; gives for each its rows, or why it cannot be read.

    Raises:
        CatalogChanged: they are bound to another version of the catalog than there is.
    """
    asking = [replace(select, known=_NO_STATE) for select in selects]
    found: list[Result | Exception] = []
    for _ in range(_TRIES):
        found = [await _read(execute, select) for select in asking]
        states = [result.state for result in found if isinstance(result, Result)]
        if len(set(states)) <= 1:
            return found
    whole = [place for place, result in enumerate(found) if isinstance(result, Result)]
    batch = await execute(Batch(tuple([selects[place] for place in whole]), ref))
    for place, part in zip(whole, batch.parts, strict=True):
        found[place] = part
    return found


async def _read(execute: _Execute, select: Select) -> Result | Exception:
    try:
        return await execute(select)
    except CatalogChanged:
        raise
    except RequestError as error:
        return error
