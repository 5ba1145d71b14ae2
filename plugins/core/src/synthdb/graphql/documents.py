"""Documents: text that was read, measured and validated once, and is kept for whoever sends it again."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from synthdb.graphql.computing import computed
from synthdb.graphql.costing import Cost, cost_of
from synthdb.graphql.limits import Limits
from synthdb.graphql.measuring import Measure, Measuring
from synthdb.graphql.refusals import Refused, over, too_long
from synthdb.graphql.rules import rules
from synthdb.queries.documents import digest_of
from synthdb_host.errors import InvalidDocument, TooComplex, Unavailable

__all__ = ["Document", "Documents"]

_MOST_ERRORS: Final = 20
_INLINE: Final = 2_000
"""Bytes of a document that is read at once; one that is longer is read on a thread, while others are answered."""

_TOO_MANY: Final = "Document contains more than"
"""How graphql-core says that there are too many tokens or comments."""

_ABORTED: Final = "Validation aborted."
"""How it says that a document needs too many comparisons to be validated."""

_MOST_WAITING: Final = 32
"""Long documents that may wait to be read, one at a time; more are turned away."""


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document.

    ``key`` says which it is: the schema that it fits, and the SHA-256 of its text. ``introspects`` says whether it
    asks for the schema.
    """

    text: str
    key: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    costs: Mapping[str, Cost]
    introspects: bool

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
    """Reads documents, and keeps them by schema and text.

    Args:
        limits: what a document may ask for.
        most_bytes: text that is kept; what is made of a text takes some thirty times as much.
    """

    def __init__(self, limits: Limits, most_bytes: int = 16 * 1024 * 1024) -> None:
        self._limits = limits
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], Document] = OrderedDict()
        self._bytes = 0
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
        if (key, document.text) not in self._kept:
            self._kept[key, document.text] = document
            self._bytes += len(document.text)
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1].text)
        return document


def _read(schema: GraphQLSchema, key: str, text: str, limits: Limits, *, suggest: bool) -> Document:
    node = _parsed(text, limits)
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    total = _measured(operations, fragments, limits)
    _validate(schema, node, limits, suggest=suggest)
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


def _validate(schema: GraphQLSchema, node: DocumentNode, limits: Limits, *, suggest: bool) -> None:
    errors = validate(schema, node, rules(limits.comparisons), max_errors=_MOST_ERRORS, hide_suggestions=not suggest)
    if errors and errors[-1].message == _ABORTED:
        raise Refused(over("max_comparisons", "fields that could be the same", limits.comparisons))
    if errors:
        raise Refused(*errors)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    if len(text.encode()) > limits.document_bytes:
        raise Refused(too_long("max_document_bytes", "The document", limits.document_bytes))
    try:
        return parse(
            text,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.tokens,
            allow_empty_selection_sets=False,
        )
    except GraphQLError as error:
        if _TOO_MANY in error.message:
            raise Refused(over("max_tokens", "tokens", limits.tokens)) from error
        raise Refused(error) from error


def _name(operation: OperationDefinitionNode) -> str:
    return operation.name.value if operation.name else ""
