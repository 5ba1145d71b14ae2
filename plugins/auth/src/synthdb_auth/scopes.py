"""Places in the tree of what there is, and rights on them, as text: ``select,insert:shop@draft/orders``.

The tree is: all of it ``/``, a database ``shop``, a branch of it ``shop@draft``, a table ``shop/orders`` or
``shop@draft/orders``. ``*`` is any. A right on a place is one on everything below it.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from synthdb_host.contracts import Resource
from synthdb_host.errors import InvalidParameter
from synthdb_host.tenancy import split_name

__all__ = ["ANY", "Place", "Right", "actions_of"]

ANY: Final = "*"
_SERVER: Final = ""

_PLACE: Final = re.compile(
    r"(?P<database>\*|[A-Za-z][A-Za-z0-9_-]{0,62})(?:@(?P<branch>[^\s/@:]{1,128}))?(?:/(?P<table>[^\s/:@]{1,128}))?"
)
_ACTIONS: Final = re.compile(r"\*|[a-z][a-z0-9_]{0,39}(?:,[a-z][a-z0-9_]{0,39}){0,39}")


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the tree; ``*`` is any. Only the whole tree has the server itself in it."""

    database: str = ANY
    branch: str = ANY
    table: str = ANY
    is_all: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a place.

        Raises:
            InvalidParameter: it is none.
        """
        if text == "/":
            return cls(is_all=True)
        match = _PLACE.fullmatch(text)
        if match is None:
            raise InvalidParameter(
                f"{text!r} is no place.",
                hint="One is written /, *, shop, shop@branch, shop/table or shop@branch/table.",
            )
        return cls(match["database"], match["branch"] or ANY, match["table"] or ANY)

    def __str__(self) -> str:
        if self.is_all:
            return "/"
        branch = "" if self.branch == ANY else f"@{self.branch}"
        return f"{self.database}{branch}{'' if self.table == ANY else f'/{self.table}'}"

    def covers(self, resource: Resource) -> bool:
        """Say whether a resource lies at this place or below it."""
        tenant, name = split_name(resource.database)
        if self.is_all:
            # The server itself is no tenant's.
            return name != _SERVER or not tenant
        return (
            self.database in (ANY, name)
            and name != _SERVER
            and self.branch in (ANY, resource.ref)
            and self.table in (ANY, resource.table)
        )


@dataclass(frozen=True, slots=True)
class Right:
    """Actions at a place; ``*`` is every action."""

    actions: frozenset[str]
    place: Place

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a right, ``ACTIONS:PLACE``; raises InvalidParameter."""
        actions, _, place = text.partition(":")
        return cls(actions_of(actions), Place.parse(place))

    def __str__(self) -> str:
        return f"{','.join(sorted(self.actions))}:{self.place}"

    def covers(self, action: str, resource: Resource) -> bool:
        """Say whether it is a right to do this there."""
        return (action in self.actions or ANY in self.actions) and self.place.covers(resource)


def actions_of(text: str) -> frozenset[str]:
    """Read names of actions that are divided by commas, or ``*``; raises InvalidParameter."""
    if not _ACTIONS.fullmatch(text):
        raise InvalidParameter(f"{text[:100]!r} names no actions.", hint="select,insert or * for every one.")
    return frozenset(text.split(","))
