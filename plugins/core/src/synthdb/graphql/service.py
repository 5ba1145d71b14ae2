"""From a request to an answer: its document, its schema, its limits, and then its operation."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from graphql import GraphQLError, OperationDefinitionNode, OperationType

from synthdb.graphql.answering import Answer, Answering, Asked, Keyed
from synthdb.graphql.computing import Turns, computed
from synthdb.graphql.documents import Document, Documents
from synthdb.graphql.limits import Limits
from synthdb.graphql.persisted import Persisted
from synthdb.graphql.plans.compiling import find_operation
from synthdb.graphql.rations import Rations
from synthdb.graphql.refusals import Refused, too_long
from synthdb.graphql.requests import Sent
from synthdb.graphql.schema import Schema
from synthdb.graphql.schemas import Schemas
from synthdb.graphql.subscriptions.changes import Changes
from synthdb.graphql.subscriptions.watching import Watched, watched
from synthdb.queries.documents import digest_of, select_text
from synthdb_host.contracts import Context, Resource
from synthdb_host.errors import (
    CatalogChanged,
    IntrospectionDisabled,
    InvalidDocument,
    NotAllowed,
    TooComplex,
    UnknownTable,
)
from synthdb_host.gate import Gate
from synthdb_host.operations import HEAD, Ref

__all__ = ["Place", "Service"]

_INTROSPECT: Final = "introspect"
_INTROSPECTION_SECONDS: Final = 0.02
"""What a question about the schema that was not asked before costs of a ration."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a request is about, and who asks, from the address ``client``. Without ``writes`` it may only read.

    What it writes is undone with ``rollback``, and done once with ``keyed``.
    """

    database: str
    ref: Ref | None
    caller: Context
    writes: bool = True
    rollback: bool = False
    keyed: Keyed | None = None
    client: str | None = None

    @property
    def who(self) -> tuple[str | None, str]:
        """Who asks, as far as he can be told from others."""
        return self.client, self.caller.principal.id


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request whose operation is found to be valid, and allowed to cost what it does."""

    asked: Asked
    operation: OperationDefinitionNode
    cost: int

    @property
    def reads_rows(self) -> bool:
        """Whether rows are read, with which comes whether the schema is the right one."""
        return self.operation.operation is OperationType.QUERY and not self.asked.document.introspects


@dataclass(frozen=True, slots=True)
class Service:
    """Answers requests.

    ``introspection`` says whether anybody may ask for the schema; who may is said by the permission ``introspect``.
    """

    gate: Gate
    schemas: Schemas
    documents: Documents
    persisted: Persisted
    answering: Answering
    limits: Limits
    introspection: bool
    rations: Rations
    turns: Turns = field(default_factory=Turns)

    async def answer(self, sent: Sent, place: Place) -> Answer:
        """Answer a request.

        Raises:
            Refused: it is wrong in a way that GraphQL answers.
            NotAllowed: it would write where it may only read.
            UnknownDatabase, UnknownRef: there is no such thing.
            Unavailable: the server has too much to do.
        """
        known = await self.schemas.known(place.database, place.ref, place.caller, recent=True)
        caller, found, refused = self._within(place.caller), None, None
        try:
            found = await self._prepared(sent, place, known.schema, caller, known.bound)
            if found.reads_rows:
                return await self._answered(sent, place, found)
        except CatalogChanged:
            pass
        except Refused as error:
            refused = error
        schema = await self.schemas.get(place.database, place.ref, place.caller)
        if schema is not known.schema:
            found = await self._prepared(sent, place, schema, caller)
        elif refused is not None:
            raise refused
        assert found is not None  # noqa: S101 - it is prepared, or refused
        return await self._answered(sent, place, replace(found, asked=replace(found.asked, bound=None)))

    async def _answered(self, sent: Sent, place: Place, found: _Prepared) -> Answer:
        """Answer a request by the schema of now, or by one that may have changed, to whose version reads are bound.

        Raises:
            CatalogChanged: it has changed.
        """
        asked, kind = found.asked, found.operation.operation
        if kind is OperationType.SUBSCRIPTION:
            hint = "Open a WebSocket, or accept text/event-stream."
            raise Refused(InvalidDocument("A subscription has more than one answer.", hint=hint))
        if kind is not OperationType.QUERY and not place.writes:
            raise NotAllowed("A GET request may only hold a query.", hint="Send other operations with POST.")
        if kind is OperationType.MUTATION:
            asked = replace(asked, caller=replace(asked.caller, dry_run=place.rollback), keyed=place.keyed)
        answer = await self.answering.answer(asked)
        return self._checked(answer, found.operation, found.cost if sent.wants_cost else None)

    async def changes(self, sent: Sent, place: Place) -> Changes | None:
        """Begin what a request subscribes to; None: it asks for something else.

        Raises:
            Refused, RequestError: as :meth:`answer` does.
        """
        schema = await self.schemas.get(place.database, place.ref, place.caller)
        found = await self._prepared(sent, place, schema, place.caller)
        if found.operation.operation is not OperationType.SUBSCRIPTION:
            return None
        try:
            changes = Changes(self.gate, place.database, _watched(found.asked), place.caller, self.limits, self.turns)
        except GraphQLError as error:
            raise Refused(error) from error
        await changes.open()
        return changes

    async def _prepared(
        self, sent: Sent, place: Place, schema: Schema, caller: Context, bound: str | None = None
    ) -> _Prepared:
        text = await self.persisted.text(sent, self._registered(place))
        document, read = self.documents.known(schema.key, text), None
        if document is None:
            document = read = await self._read(schema, text, place)
        try:
            operation, cost = await self._allowed(document, sent, place)
        except Refused:
            if read is not None:
                self.rations.charge(place.who, read.seconds)
            raise
        asked = Asked(
            place.database, place.ref, schema, document, sent.operation_name, sent.variables, caller, bound=bound
        )
        return _Prepared(asked, operation, cost)

    async def _allowed(self, document: Document, sent: Sent, place: Place) -> tuple[OperationDefinitionNode, int]:
        """Give the operation that is asked for, and what it costs.

        Raises:
            Refused: there is none, it costs too much, or it asks for a schema that the caller may not see.
        """
        if document.introspects and not await self._may_introspect(place):
            raise Refused(IntrospectionDisabled("You may not ask for the schema here."))
        operation = document.operation(sent.operation_name)
        try:
            return operation, document.cost(operation).estimate(sent.variables, self.limits)
        except TooComplex as error:
            raise Refused(error) from error

    async def _read(self, schema: Schema, text: str, place: Place) -> Document:
        """Read a document that is not known, as long as the caller's ration lasts.

        Raises:
            Refused: it cannot be answered.
            TooManyRequests: too many of his could not.
            Unavailable: too many others wait for theirs to be read.
        """
        self.rations.check(place.who)
        suggest = await self._may_introspect(place)
        try:
            document = await self.documents.get(schema.graphql, schema.key, text, suggest=suggest)
        except Refused as refused:
            self.rations.charge(place.who, refused.seconds)
            raise
        if document.introspects:
            self.rations.charge(place.who, _INTROSPECTION_SECONDS)
        return document

    def _within(self, caller: Context) -> Context:
        """Give the caller the time that a request may take, if he has not less."""
        end = time.monotonic() + self.limits.seconds
        if caller.deadline is not None and caller.deadline < end:
            return caller
        # This takes a third of the time of ``replace``, for each request.
        return Context(caller.principal, caller.request_id, caller.message, end, caller.dry_run, caller.idempotency)

    def _checked(self, answer: Answer, operation: OperationDefinitionNode, cost: int | None) -> Answer:
        # What was written is told, however long it is; else the caller would write it again.
        if operation.operation is OperationType.QUERY and len(answer.body) > self.limits.response_bytes:
            raise Refused(too_long("max_response_bytes", "The answer", self.limits.response_bytes))
        if cost is None:
            return answer
        return replace(answer, body=b'%b,"extensions":{"cost":%d}}' % (answer.body[:-1], cost))

    async def sdl(self, place: Place) -> str:
        """Give the schema in the schema definition language.

        Raises:
            IntrospectionDisabled: the caller may not ask for it.
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        schema = await self.schemas.get(place.database, place.ref, place.caller)
        if not await self._may_introspect(place):
            raise IntrospectionDisabled("You may not ask for the schema here.")
        return await computed(lambda: schema.sdl)

    async def _may_introspect(self, place: Place) -> bool:
        if not self.introspection:
            return False
        resource = Resource(place.database, ref=str(place.ref or HEAD))
        return bool(await self.gate.permitted(resource, (_INTROSPECT,), place.caller))

    def _registered(self, place: Place) -> Callable[[str], Awaitable[str | None]]:
        """Find registered documents as the caller may read them, so that a policy may say who runs which."""

        async def text_of(digest: str) -> str | None:
            try:
                found = await self.gate.execute(place.database, select_text(digest, place.ref or HEAD), place.caller)
            except UnknownTable:
                return None
            texts = [row["text"] for row in found.python()]
            return texts[0] if texts and digest_of(texts[0]) == digest else None

        return text_of


def _watched(asked: Asked) -> Watched:
    operation = find_operation(asked.schema.graphql, asked.document.node, asked.operation_name)
    variables = operation.variables(asked.variables)
    if isinstance(variables, list):
        raise Refused(*variables)
    deciding = [variables.coerced.get(name) for name in operation.deciding]
    return watched(operation, variables, asked.ref, ("graphql", asked.document.key, asked.operation_name, *deciding))
