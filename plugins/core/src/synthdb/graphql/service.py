"""From a request to an answer: its document, its schema, its limits, and then its operation."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from graphql import GraphQLError, OperationDefinitionNode, OperationType

from synthdb.graphql.answering import Answer, Answering, Asked, Keyed
from synthdb.graphql.computing import computed
from synthdb.graphql.documents import Document, Documents
from synthdb.graphql.limits import Limits
from synthdb.graphql.persisted import Persisted
from synthdb.graphql.plans.compiling import find_operation
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


@dataclass(frozen=True, slots=True)
class Place:
    """What a request is about, and who asks. Without ``writes`` it may only read.

    What it writes is undone with ``rollback``, and done once with ``keyed``.
    """

    database: str
    ref: Ref | None
    caller: Context
    writes: bool = True
    rollback: bool = False
    keyed: Keyed | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request whose operation is found to be valid, and allowed to cost what it does."""

    asked: Asked
    operation: OperationDefinitionNode
    cost: int


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

    async def answer(self, sent: Sent, place: Place) -> Answer:
        """Answer a request.

        Raises:
            Refused: it is wrong in a way that GraphQL answers.
            NotAllowed: it would write where it may only read.
            UnknownDatabase, UnknownRef: there is no such thing.
            Unavailable: the server has too much to do.
        """
        known = await self.schemas.known(place.database, place.ref, place.caller, recent=True)
        try:
            return await self._answer(sent, place, known.schema, known.bound)
        except (CatalogChanged, Refused) as error:
            schema = await self.schemas.get(place.database, place.ref, place.caller)
            if isinstance(error, Refused) and schema is known.schema:
                raise
        return await self._answer(sent, place, schema, None)

    async def _answer(self, sent: Sent, place: Place, schema: Schema, bound: str | None) -> Answer:
        """Answer a request by the schema of now, or by one that may have changed, to whose version reads are bound.

        Raises:
            CatalogChanged: it has changed, or nothing would say so.
        """
        caller = self._within(place.caller)
        found = await self._prepared(sent, place, schema, caller, bound)
        kind = found.operation.operation
        if kind is OperationType.SUBSCRIPTION:
            hint = "Open a WebSocket, or accept text/event-stream."
            raise Refused(InvalidDocument("A subscription has more than one answer.", hint=hint))
        if bound is not None and (found.asked.document.introspects or kind is not OperationType.QUERY):
            # No read of rows says whether the schema is the right one.
            raise CatalogChanged("The schema may have changed.")
        if kind is not OperationType.QUERY and not place.writes:
            raise NotAllowed("A GET request may only hold a query.", hint="Send other operations with POST.")
        asked = found.asked
        if kind is OperationType.MUTATION:
            asked = replace(asked, caller=replace(caller, dry_run=place.rollback), keyed=place.keyed)
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
            changes = Changes(self.gate, place.database, _watched(found.asked), place.caller, self.limits)
        except GraphQLError as error:
            raise Refused(error) from error
        await changes.open()
        return changes

    async def _prepared(
        self, sent: Sent, place: Place, schema: Schema, caller: Context, bound: str | None = None
    ) -> _Prepared:
        text = await self.persisted.text(sent, self._registered(place))
        document = self.documents.known(schema.key, text)
        if document is None:
            suggest = await self._may_introspect(place)
            document = await self.documents.get(schema.graphql, schema.key, text, suggest=suggest)
        if document.introspects and not await self._may_introspect(place):
            raise Refused(IntrospectionDisabled("You may not ask for the schema here."))
        operation = document.operation(sent.operation_name)
        asked = Asked(
            place.database, place.ref, schema, document, sent.operation_name, sent.variables, caller, bound=bound
        )
        return _Prepared(asked, operation, self._cost(document, operation, sent))

    def _cost(self, document: Document, operation: OperationDefinitionNode, sent: Sent) -> int:
        try:
            return document.cost(operation).estimate(sent.variables, self.limits)
        except TooComplex as error:
            raise Refused(error) from error

    def _within(self, caller: Context) -> Context:
        """Give the caller the time that a request may take, if he has not less."""
        end = time.monotonic() + self.limits.seconds
        return caller if caller.deadline is not None and caller.deadline < end else replace(caller, deadline=end)

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
