"""The WebSockets of one worker: who may open one, how many there are, and their end."""

from collections.abc import Collection
from typing import Final

import falcon.asgi

from synthdb.graphql.service import Service
from synthdb.graphql.subscriptions.connection import Connection, Terms
from synthdb.graphql.subscriptions.messages import PROTOCOL
from synthdb.rest.shapes import address_of
from synthdb_host.errors import UntrustedOrigin
from synthdb_host.operations import HEAD

__all__ = ["Sockets"]

_STOPPING: Final = (1012, "The server stops")


class Sockets:
    """Accepts WebSockets.

    Args:
        service: what answers operations.
        terms: what each may take.
        most: how many there may be.
        origins: other origins whose pages may open one.
    """

    def __init__(self, service: Service, terms: Terms, most: int, origins: Collection[str]) -> None:
        self._service = service
        self._terms = terms
        self._most = most
        self._origins = frozenset(origins)
        self._open: set[Connection] = set()

    def end(self) -> None:
        """Close all, because the server stops."""
        for connection in self._open:
            connection.end(*_STOPPING)

    async def serve(self, req: falcon.asgi.Request, socket: falcon.asgi.WebSocket) -> None:
        """Serve one until it is closed.

        Raises:
            UntrustedOrigin: a page of another site wants to open it.
        """
        self._check_origin(req)
        address = address_of(req, None)
        target = address.database, None if address.ref == HEAD else address.ref
        if PROTOCOL not in socket.subprotocols:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        if self._service.gate.feeds.is_ended:
            await socket.close(*_STOPPING)
            return
        if len(self._open) >= self._most:
            await socket.close(1013, "There are too many connections")
            return
        context = req.context
        connection = Connection(
            socket, self._service, target, context.credentials, context.caller, context.request_id, self._terms
        )
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)

    def _check_origin(self, req: falcon.asgi.Request) -> None:
        """Refuse pages of other sites: a browser lets any page open a WebSocket, and sends its cookies."""
        origin = req.headers_lower.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return
        if origin.partition("://")[2].lower() != req.headers_lower.get("host", "").lower():
            raise UntrustedOrigin("A page of another site may not connect.", hint="Add its origin to trusted_origins.")
