"""Documents: text that was read, measured and validated once, and is kept for whoever sends it again."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
)

from synthdb.graphql.computing import computed
from synthdb.graphql.costing import Cost, cost_of
from synthdb.graphql.limits import Limits
from synthdb.graphql.measuring import Measure, Measuring
from synthdb.graphql.parsing import parsed
from synthdb.graphql.plans.compiling import Operation
from synthdb.graphql.refusals import Refused
from synthdb.graphql.rules import check_document
from synthdb.queries.documents import digest_of
from synthdb_host.errors import InvalidDocument, TooComplex, Unavailable

__all__ = ["Document", "Documents"]

_INLINE: Final = 200
"""Bytes of a document that is read at once; one that is longer is read on a thread, while others are answered."""

_MOST_WAITING: Final = 32
"""Long documents that may wait to be read, one at a time; more are turned away."""

_MOST_SEEN: Final = 10_000
"""Texts of which is known that they were sent."""


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document.

    ``key`` says which it is: the schema that it fits, and the SHA-256 of its text. ``introspects`` says whether it
    asks for the schema. It took ``seconds`` of the processor to read it. ``ready`` are its operations as far as they
    were made ready to be answered, by their names.
    """

    text: str
    key: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    costs: Mapping[str, Cost]
    introspects: bool
    seconds: float = 0.0
    ready: dict[str | None, Operation] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Give the operation of a name, which may be missing if there is only one.

        Raises:
            Refused: there is none of this name, or several and no name.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            what = "Name one of the operations" if name is None else f"There is no operation {name[:100]!r}"
            raise Refused(InvalidDocument(f"{what}: {', '.join(sorted(self.operations)) or 'none'}."))
        return found

    def cost(self, operation: OperationDefinitionNode) -> Cost:
        """Give what an operation of this document costs."""
        return self.costs[_name(operation)]


class Documents:
    """Reads documents, and keeps those that are sent again by schema and text.

    What is sent once is not kept: thousands of texts that differ in a number would take room, and time of the
    collector of cycles, which looks at all that there is.

    Args:
        limits: what a document may ask for.
        most_bytes: text that is kept; what is made of a text takes some hundred times as much.
    """

    def __init__(self, limits: Limits, most_bytes: int = 1024 * 1024) -> None:
        self._limits = limits
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], Document] = OrderedDict()
        self._bytes = 0
        self._seen: set[int] = set()
        self._lock = asyncio.Lock()
        self._waiting = 0

    def known(self, key: str, text: str) -> Document | None:
        """Give a document that is kept for a schema.

        Args:
            key: what the schema depends on.
            text: the document.
        """
        found = self._kept.get((key, text))
        if found is not None:
            self._kept.move_to_end((key, text))
        return found

    async def get(self, schema: GraphQLSchema, key: str, text: str, *, suggest: bool) -> Document:
        """Give a document as a schema allows it.

        Args:
            schema: what the document is validated against.
            key: what the schema depends on.
            text: the document.
            suggest: whether errors may name fields that were perhaps meant.

        Raises:
            Refused: it cannot be read, is too large, or does not fit the schema.
            Unavailable: too many others wait to be read.
        """
        found = self.known(key, text)
        if found is not None:
            return found
        if len(text) <= _INLINE:
            return self._keep(key, _read(schema, key, text, self._limits, suggest=suggest))
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many documents wait to be read.", hint="Send them again a little later.")
        self._waiting += 1
        try:
            async with self._lock:
                made = self.known(key, text)
                if made is None:
                    made = await computed(partial(_read, schema, key, text, self._limits, suggest=suggest))
        finally:
            self._waiting -= 1
        return self._keep(key, made)

    def _keep(self, key: str, document: Document) -> Document:
        place = key, document.text
        if place not in self._kept and self._seen_before(hash(place)):
            self._kept[place] = document
            self._bytes += len(document.text)
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1].text)
        return document

    def _seen_before(self, number: int) -> bool:
        if number in self._seen:
            return True
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(number)
        return False


def _read(schema: GraphQLSchema, key: str, text: str, limits: Limits, *, suggest: bool) -> Document:
    begun = time.thread_time()
    try:
        return replace(_valid(schema, key, text, limits, suggest=suggest), seconds=time.thread_time() - begun)
    except Refused as refused:
        refused.seconds = time.thread_time() - begun
        raise


def _valid(schema: GraphQLSchema, key: str, text: str, limits: Limits, *, suggest: bool) -> Document:
    node = parsed(text, limits)
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    total = _measured(operations, fragments, limits)
    check_document(schema, node, limits, suggest=suggest)
    return Document(
        text,
        f"{key} {digest_of(text)}",
        node,
        {_name(one): one for one in operations},
        fragments,
        {_name(one): cost_of(schema, one, fragments) for one in operations},
        total.introspects,
    )


def _measured(
    operations: Sequence[OperationDefinitionNode], fragments: Mapping[str, FragmentDefinitionNode], limits: Limits
) -> Measure:
    measuring, total = Measuring(fragments), Measure()
    try:
        for operation in operations:
            measure = measuring.of(operation.selection_set)
            measure.check(limits)
            total = total.beside(measure)
    except TooComplex as error:
        raise Refused(error) from error
    return total


def _name(operation: OperationDefinitionNode) -> str:
    return operation.name.value if operation.name else ""
