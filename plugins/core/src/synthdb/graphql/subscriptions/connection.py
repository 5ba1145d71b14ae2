"""One WebSocket on which operations are asked for and answered, by the protocol ``graphql-transport-ws``."""

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import falcon
import falcon.asgi

from synthdb.graphql.refusals import Refused, failure
from synthdb.graphql.requests import read_payload
from synthdb.graphql.service import Place, Service
from synthdb.graphql.subscriptions import messages
from synthdb.graphql.subscriptions.messages import Message, Unreadable
from synthdb.graphql.subscriptions.operating import Failed, Stopping, results
from synthdb_host.contracts import Context, Credentials
from synthdb_host.errors import RequestError, Unavailable
from synthdb_host.operations import Ref

__all__ = ["Closing", "Connection", "Terms"]

_ASK_SECONDS: Final = 1.0
"""Who asks is asked for again at most so often."""


_CLOSE_SECONDS: Final = 0.5


class Closing(Exception):
    """The connection ends, with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Terms:
    """What a connection may take: operations at a time, and seconds."""

    operations: int
    init_seconds: float
    heartbeat_seconds: float
    lifetime_seconds: float


class Connection:
    """Answers one client until it leaves.

    Args:
        socket: the accepted socket.
        service: what answers operations.
        target: the database, and the ref of the address.
        credentials: of the handshake.
        caller: who they prove somebody to be; None: nobody so far.
        request_id: names the connection in logs.
        terms: what it may take.
    """

    def __init__(
        self, socket: falcon.asgi.WebSocket, service: Service, target: tuple[str, Ref | None], credentials: Credentials,
        caller: Context | None, request_id: str, terms: Terms,
    ) -> None:  # fmt: skip
        self._socket = socket
        self._service = service
        self._target = target
        self._credentials = credentials
        self._caller = caller
        self._request_id = request_id
        self._terms = terms
        self._place: Place | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._asked_at = time.monotonic()

    def end(self, code: int, reason: str) -> None:
        """Close the connection soon."""
        if not self._closing.done():
            self._closing.set_result(Closing(code, reason))

    async def serve(self) -> None:
        """Read messages until the connection is over."""
        reading = asyncio.ensure_future(self._read())
        beating = asyncio.ensure_future(self._beat())
        try:
            every: set[asyncio.Future[Any]] = {reading, self._closing}
            await asyncio.wait(every, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop(reading, beating)
        if self._closing.done() and not self._socket.closed:
            closing = self._closing.result()
            # A client that does not answer is not waited for.
            with suppress(falcon.WebSocketDisconnected, TimeoutError):
                await asyncio.wait_for(self._socket.close(closing.code, closing.reason), _CLOSE_SECONDS)

    async def _stop(self, *tasks: asyncio.Task[None]) -> None:
        every = [*tasks, *self._operations.values()]
        for task in every:
            task.cancel()
        await asyncio.gather(*every, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                await self._take(messages.read(await self._socket.receive_text()))
        except falcon.WebSocketDisconnected:
            return
        except (Unreadable, falcon.PayloadTypeError) as error:
            self.end(4400, str(error) if isinstance(error, Unreadable) else "Messages are text")
        except Closing as closing:
            self.end(closing.code, closing.reason)
        except Exception:
            self.end(1011, "The server failed in a way it did not expect")
            raise

    async def _take(self, message: Message) -> None:
        match message.type:
            case "connection_init":
                await self._begin(message)
            case "ping":
                await self._socket.send_text(messages.pong)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                task = self._operations.pop(message.id, None)
                if task is not None:
                    task.cancel()

    async def _begin(self, message: Message) -> None:
        if self._place is not None:
            raise Closing(4429, "Too many initialisation requests")
        given = next(
            (value for name, value in (message.payload or {}).items() if name.lower() == "authorization"), None
        )
        if given is not None:
            await self._identify(given)
        if self._caller is None:
            raise Closing(4403, "Forbidden")
        self._place = Place(*self._target, self._caller, client=self._credentials.client)
        await self._socket.send_text(messages.acknowledged)

    async def _identify(self, given: object) -> None:
        scheme, _, value = (given if isinstance(given, str) else "").partition(" ")
        self._credentials = replace(self._credentials, scheme=scheme.lower(), value=value.strip())
        try:
            self._caller = Context(await self._service.gate.authenticate(self._credentials), self._request_id)
        except RequestError as error:
            raise Closing(4403, "Forbidden") from error

    async def _subscribe(self, message: Message) -> None:
        if self._place is None:
            raise Closing(4401, "Unauthorized")
        if message.id in self._operations:
            raise Closing(4409, f"Subscriber for {message.id} already exists"[:120])
        if len(self._operations) >= self._terms.operations:
            full = Unavailable(f"There are {self._terms.operations} operations on this connection already.")
            await self._socket.send_text(messages.failed(message.id, [failure(full)]))
            return
        self._operations[message.id] = asyncio.ensure_future(self._operate(message, self._place))

    async def _operate(self, message: Message, place: Place) -> None:
        last = messages.complete(message.id)
        try:
            sent = read_payload(message.payload, self._service.limits)
            async with aclosing(results(self._service, sent, place)) as found:
                async for body in found:
                    await self._ask_again()
                    await self._socket.send_text(messages.following(message.id, body))
        except Refused as refused:
            last = messages.failed(message.id, [failure(error) for error in refused.errors])
        except Failed as failed:
            last = messages.failed(message.id, failed.errors)
        except (falcon.WebSocketDisconnected, Stopping):
            return
        except Closing as closing:
            self.end(closing.code, closing.reason)
            return
        # The client may use the id again as soon as it reads this.
        if self._operations.get(message.id) is asyncio.current_task():
            del self._operations[message.id]
        with suppress(falcon.WebSocketDisconnected):
            await self._socket.send_text(last)

    async def _beat(self) -> None:
        """Close who does not say who it is, whose time is over, or who is no longer known; ping all others."""
        terms = self._terms
        ends = time.monotonic() + terms.lifetime_seconds
        await asyncio.sleep(terms.init_seconds)
        if self._place is None:
            self.end(4408, "Connection initialisation timeout")
        try:
            while (now := time.monotonic()) < ends:
                await asyncio.sleep(min(terms.heartbeat_seconds, ends - now))
                await self._ask_again()
                await self._socket.send_text(messages.ping)
        except falcon.WebSocketDisconnected:
            return
        except Closing as closing:
            self.end(closing.code, closing.reason)
        else:
            self.end(1012, "Connect again")

    async def _ask_again(self) -> None:
        now = time.monotonic()
        if self._caller is None or now - self._asked_at < _ASK_SECONDS:
            return
        self._asked_at = now
        try:
            known = await self._service.gate.authenticate(self._credentials)
        except RequestError as error:
            raise Closing(4401, "Unauthorized") from error
        if known != self._caller.principal:
            raise Closing(4401, "Unauthorized")
