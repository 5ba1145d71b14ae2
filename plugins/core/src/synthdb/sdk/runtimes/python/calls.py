"""Calls of saved queries."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from .errors import Incomplete
from .replies import answer_rows
from .sessions import Session
from .transport import Request
from .values import decode_row, encode

__all__ = ["Queries"]


class Queries:
    """The saved queries of a database at one state; generated modules have a method for each."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _call(self, name: str, arguments: Mapping[str, object], columns: Mapping[str, str]) -> Any:
        """Give the rows of a query; an argument that is None is left to its default.

        Raises:
            Incomplete: there are more rows than the server gives at once.
        """
        given = {parameter: value for parameter, value in arguments.items() if value is not None}
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        # A saved query only reads, so it may be sent again.
        request = Request("POST", self._session.function(name), headers, encode(given).encode(), reads=True)
        reply = self._session.send(request)
        if reply.status == HTTPStatus.PARTIAL_CONTENT:
            message = f"the query {name} has more rows than the server gives at once"
            raise Incomplete(message)
        return answer_rows(reply, lambda row: decode_row(row, columns)).data
