"""Query strings, in which everything is known and nothing is given twice."""

from collections.abc import Mapping
from typing import Final

import falcon.asgi

from synthdb.rest.query import decode
from synthdb_host.errors import InvalidParameter
from synthdb_host.selection import closest

__all__ = ["Parameters"]

_LONGEST: Final = 1_000
_LONGEST_LIMIT: Final = 9
_MOST_TABLES: Final = 100
_FLAGS: Final = {"true": True, "false": False}


class Parameters:
    """The query parameters of a request."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of(cls, req: falcon.asgi.Request, *known: str) -> "Parameters":
        """Read the query string of a request.

        Raises:
            InvalidParameter: a parameter is not one of those known, is given twice or too long, or is not
                percent-encoded UTF-8.
        """
        values: dict[str, str] = {}
        for part in req.query_string.split("&") if req.query_string else ():
            name, _, text = part.replace("+", " ").partition("=")
            name = decode(name, "query string")
            where = f"query parameter {name[:100]!r}"
            if name not in known:
                hint = f"There are {', '.join(known)}{closest(name, known)}." if known else "There are none here."
                raise InvalidParameter("There is no such parameter here.", hint=hint, where=where)
            if name in values:
                raise InvalidParameter("It is given twice.", where=where)
            values[name] = decode(text, where)
            if len(values[name]) > _LONGEST:
                raise InvalidParameter(f"It is longer than {_LONGEST:,} characters.", where=where)
        return cls(values)

    def text(self, name: str) -> str | None:
        """Give a text; None: it is absent or empty."""
        return self._values.get(name) or None

    def required(self, name: str) -> str:
        """Give a text that must be there.

        Raises:
            InvalidParameter: it is absent or empty.
        """
        found = self.text(name)
        if found is None:
            raise InvalidParameter("It is missing.", where=f"query parameter {name!r}")
        return found

    def limit(self, default: int, most: int) -> int:
        """Give the parameter ``limit``.

        Raises:
            InvalidParameter: it is not a number between 1 and ``most``.
        """
        text = self._values.get("limit")
        if text is None:
            return min(default, most)
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_LIMIT) or not 1 <= int(text) <= most:
            raise InvalidParameter(f"It is a number from 1 to {most:,}.", where="query parameter 'limit'")
        return int(text)

    def flag(self, name: str) -> bool:
        """Give true or false; absent is false.

        Raises:
            InvalidParameter: it is neither.
        """
        text = self._values.get(name, "false")
        if text not in _FLAGS:
            raise InvalidParameter("It is true or false.", where=f"query parameter {name!r}")
        return _FLAGS[text]

    def tables(self) -> tuple[str, ...]:
        """Give the names in ``tables``, which have commas between them.

        Raises:
            InvalidParameter: there are more than 100.
        """
        names = tuple(name for name in self._values.get("tables", "").split(",") if name)
        if len(names) > _MOST_TABLES:
            raise InvalidParameter(f"It names more than {_MOST_TABLES} tables.", where="query parameter 'tables'")
        return names
