"""Answers: the plan of an operation runs through the gate, and the bytes of its parts become one body."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from graphql import DocumentNode, ExecutionResult, GraphQLError, OperationType, execute, execute_sync, is_non_null_type
from graphql.execution.values import VariableValues
from graphql.language import SelectionSetNode

from synthdb.graphql.completion import check_types, completed
from synthdb.graphql.documents import Document
from synthdb.graphql.introspection import Introspection
from synthdb.graphql.layouts import Rows
from synthdb.graphql.mutating import Mutation, require_alike
from synthdb.graphql.plans.compiling import (
    Fixed,
    Foreign,
    Introspecting,
    Node,
    Operation,
    Plan,
    Read,
    Root,
    find_operation,
)
from synthdb.graphql.plans.reading import Reading
from synthdb.graphql.plans.writing import Write
from synthdb.graphql.refusals import Refused, failure
from synthdb.graphql.schema import Schema
from synthdb.graphql.together import read_together
from synthdb.rest.answers import Answer as Kept
from synthdb.rest.idempotency import answered
from synthdb_host.contracts import Context, GraphqlCall, Result
from synthdb_host.errors import (
    CatalogChanged,
    InternalError,
    InvalidDocument,
    InvalidParameter,
    RequestError,
    Timeout,
    Unavailable,
)
from synthdb_host.gate import Gate
from synthdb_host.operations import HEAD, Batch, Ref
from synthdb_host.operations import Operation as OperationOfHost

__all__ = ["Answer", "Answering", "Asked", "Keyed"]

_log = logging.getLogger(__name__)

_encoder: Final = msgspec.json.Encoder(enc_hook=str)

Keyed = Callable[[Context, Callable[[Result], Kept]], Context]
"""Gives a caller whose write is done once; it is also given what makes the answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation that is asked for: of a document that fits the schema, on a database at a ref.

    ``bound`` is the version of the catalog that the schema was made of, where that may have changed meanwhile; then the
    answer is CatalogChanged. ``spelled`` asks for whole and decimal numbers as strings. ``keyed`` gives the caller of a
    mutation that is done once.
    """

    database: str
    ref: Ref | None
    schema: Schema
    document: Document
    operation_name: str | None
    variables: Mapping[str, Any]
    caller: Context
    bound: str | None = None
    spelled: bool = False
    keyed: Keyed | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response. Without ``executed`` nothing was run, because the request cannot be.

    ``headers`` tell what became of the wishes for a mutation.
    """

    body: bytes
    executed: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


class Answering:
    """Answers operations.

    Args:
        gate: the way to data.
        most: how many rows a list may have.
    """

    def __init__(self, gate: Gate, most: int) -> None:
        self._gate = gate
        self._most = most
        self._introspection = Introspection()

    async def answer(self, asked: Asked) -> Answer:
        """Answer an operation; what goes wrong is told in the body.

        Raises:
            CatalogChanged: the schema is no longer the right one.
        """
        try:
            operation = _operation(asked)
            variables = operation.variables(asked.variables)
            if isinstance(variables, list):
                return _refusal(variables)
            plan = operation.plan(variables, asked.ref or HEAD, self._most)
        except GraphQLError as error:
            return _refusal([error])
        return await _Run(self._gate, asked, operation, variables, self._introspection).answer(plan)


@dataclass(slots=True)
class _Run:
    """One operation while it is answered."""

    gate: Gate
    asked: Asked
    operation: Operation
    variables: VariableValues
    introspection: Introspection
    errors: list[GraphQLError] = field(default_factory=list)
    readings: dict[Read, Reading] = field(default_factory=dict)
    results: dict[tuple[Read, int], Result | Exception] = field(default_factory=dict)
    """What parts of readings were read together."""

    async def answer(self, plan: Plan) -> Answer:
        if self.operation.node.operation is OperationType.MUTATION:
            if not any(isinstance(root, Foreign) for root in plan.roots):
                return await self._mutated(plan)
            self._require_foreign(plan)
        if plan.several:
            await self._read_together(plan)
        parts: list[bytes] = []
        errors = self.errors
        for root in plan.roots:
            try:
                data = await self._data(root)
            except CatalogChanged:
                raise
            except Exception as error:  # noqa: BLE001 - whatever fails is an error of the field
                errors.append(_error(error, root.field.nodes, [root.field.key]))
                if root.field.definition is not None and is_non_null_type(root.field.definition.type):
                    return _answer(b"null", errors)
                data = b"null"
            parts.append(b'"%b":%b' % (root.field.key.encode(), data))
        return _answer(b"{" + b",".join(parts) + b"}", errors)

    def _require_foreign(self, plan: Plan) -> None:
        """Require that an operation with mutations of plugins promises nothing that only a commit can hold.

        Raises:
            Refused: it does.
        """
        if any(isinstance(root, Write) for root in plan.roots):
            told = "Mutations of tables are one commit, of which those of plugins are no part."
            raise Refused(InvalidDocument(told, hint="Send two operations."))
        for header, is_wished in (("Prefer", self.asked.caller.dry_run), ("Idempotency-Key", self.asked.keyed)):
            if is_wished:
                told = "Nobody can promise this of a plugin's mutations."
                raise Refused(InvalidParameter(told, where=f"header {header!r}"))

    async def _mutated(self, plan: Plan) -> Answer:
        """Do all or nothing; an error of one field is the only answer."""
        mutation = Mutation(plan, self.variables, self.asked.ref or HEAD, spelled=self.asked.spelled)
        try:
            return await self._written(mutation, mutation.batch())
        except Exception as error:  # noqa: BLE001 - whatever fails is an error of the field
            root, path = mutation.failed(error) or (None, None)
            return _answer(b"null", [_error(error, root.field.nodes if root else (), path)])

    async def _written(self, mutation: Mutation, batch: Batch) -> Answer:
        asked = self.asked
        if mutation.is_elsewhere:
            there = await self.gate.catalog(asked.database, asked.caller, batch.ref)
            require_alike(batch, asked.schema.catalog, there)

        def make(result: Result) -> Kept:
            answer = _answer(mutation.data(result.parts, _encoder.encode), ())
            return Kept("200 OK", {}, answer.body)

        result = Result()
        if batch.operations:
            caller = asked.caller if asked.keyed is None else asked.keyed(asked.caller, make)
            result = await self.gate.execute(asked.database, batch, caller)
        kept = answered(result, make)
        undone = {"Preference-Applied": "tx=rollback"} if asked.caller.dry_run else {}
        return Answer(kept.body or b"", headers={**kept.headers, **undone})

    async def _data(self, root: Root) -> bytes:
        if isinstance(root, Read):
            return await self._rows(root)
        if isinstance(root, Node):
            read = root.read(self.variables)
            return b"null" if read is None else await self._rows(read)
        if isinstance(root, Foreign):
            return await self._foreign(root)
        if isinstance(root, Fixed):
            return root.data
        assert isinstance(root, Introspecting)  # noqa: S101 - what writes is no part of a query
        kept = not self.operation.node.variable_definitions
        key = (self.asked.document.key, self.asked.operation_name, root.field.key) if kept else None
        return await self.introspection.get(key, lambda: self._introspected(root))

    async def _read_together(self, plan: Plan) -> None:
        """Read at one state what names no state of its own."""
        for root in plan.roots:
            if isinstance(root, Read):
                # What cannot be read is told when its field is answered.
                with suppress(RequestError, GraphQLError):
                    self.readings[root] = root.reading(self.variables, self.asked.bound)
        here = [(root, reading) for root, reading in self.readings.items() if not root.is_elsewhere(reading)]
        places = [(root, number) for root, reading in here for number in range(len(reading.parts))]
        selects = [part.select for _, reading in here for part in reading.parts]
        results = await read_together(self._execute, selects, self.asked.ref or HEAD)
        self.results = dict(zip(places, results, strict=True))

    async def _execute(self, operation: OperationOfHost) -> Result:
        return await self.gate.execute(self.asked.database, operation, self.asked.caller)

    async def _rows(self, root: Read) -> bytes:
        reading = self.readings.get(root) or root.reading(self.variables, self.asked.bound)
        if self.asked.bound is not None and root.is_elsewhere(reading):
            raise CatalogChanged("The schema may have changed.")
        found = [await self._part(root, reading, number) for number in range(len(reading.parts))]
        if reading.members is None:
            return found[0]
        members = [(key, found[item] if isinstance(item, int) else item) for key, item in reading.members]
        return b"{" + b",".join([b'"%b":%b' % (key.encode(), data) for key, data in members]) + b"}"

    async def _part(self, root: Read, reading: Reading, number: int) -> bytes:
        part = reading.parts[number]
        result = self.results.get((root, number)) or await self._execute(part.select)
        if isinstance(result, Exception):
            raise result
        if result.encoder is None:
            raise Unavailable("The rows could not be read.")
        encoder = result.encoder.spelled if self.asked.spelled else result.encoder
        shaping, elsewhere = root.shaped(number, reading, encoder), root.is_elsewhere(reading)
        many = isinstance(part.rows, Rows) and part.rows.how == "many"
        if shaping.is_plain and not elsewhere and (many or result.rows):
            return encoder.json(result.rows) if many else encoder.json_object(result.rows[0])
        objects = shaping.shape(result.rows)
        if elsewhere:
            path = [root.field.key] if reading.members is None else [root.field.key, reading.members[number][0]]
            check_types(part.rows.layout, result.encoder.columns)
            completed(part.rows, objects, tuple(path), self.errors)
        if many:
            return _encoder.encode(objects)
        return _encoder.encode(objects[0]) if objects else b"null"

    def _introspected(self, root: Introspecting) -> bytes:
        """Ask the executor, which knows the schema itself."""
        found = execute_sync(self.operation.schema, self._alone(root), variable_values=dict(self.asked.variables))
        return _encoder.encode((found.data or {}).get(root.field.key))

    async def _foreign(self, root: Foreign) -> bytes:
        """Let the executor ask the resolvers of a plugin, as long as there is time."""
        asked = self.asked
        call = GraphqlCall(asked.database, asked.ref or HEAD, asked.caller)
        found = execute(
            asked.schema.graphql, self._alone(root), context_value=call, variable_values=dict(asked.variables)
        )
        if not isinstance(found, ExecutionResult):
            deadline = asked.caller.deadline
            try:
                found = await asyncio.wait_for(found, None if deadline is None else deadline - time.monotonic())
            except TimeoutError as error:
                raise Timeout("The field took longer than its time limit, and was stopped.") from error
        for failed in found.errors or ():
            nodes, path = failed.nodes or root.field.nodes, failed.path or [root.field.key]
            self.errors.append(_error(failed.original_error or failed, nodes, path))
        return _encoder.encode((found.data or {}).get(root.field.key))

    def _alone(self, root: Foreign | Introspecting) -> DocumentNode:
        """Give a document with this field only."""
        node = self.operation.node
        alone = type(node)(
            operation=node.operation,
            name=node.name,
            variable_definitions=node.variable_definitions,
            directives=node.directives,
            selection_set=SelectionSetNode(selections=root.field.nodes),
        )
        return DocumentNode(definitions=(alone, *self.operation.fragments.values()))


def _operation(asked: Asked) -> Operation:
    ready = asked.document.ready
    found = ready.get(asked.operation_name)
    if found is None:
        found = find_operation(asked.schema.graphql, asked.document.node, asked.operation_name)
        ready[asked.operation_name] = found
    return found


def _error(error: Exception, nodes: Sequence[Any], path: list[str | int] | None) -> GraphQLError:
    if isinstance(error, GraphQLError):
        return error if error.path else GraphQLError(error.message, error.nodes or list(nodes), path=path)
    described = failure(error)
    if described["extensions"]["code"] == InternalError.code:
        _log.error("a field failed", exc_info=error)
    return GraphQLError(described["message"], list(nodes), path=path, extensions=described["extensions"])


def _answer(data: bytes, errors: Sequence[GraphQLError]) -> Answer:
    if not errors:
        return Answer(b'{"data":%b}' % data)
    return Answer(b'{"data":%b,"errors":%b}' % (data, _formatted(errors)))


def _refusal(errors: Sequence[GraphQLError]) -> Answer:
    """Say why an operation was not run."""
    return Answer(Refused(*errors).body, executed=False)


def _formatted(errors: Sequence[GraphQLError]) -> bytes:
    """Write errors as the specification has them."""
    return _encoder.encode([error.formatted for error in errors])
