"""Documents: parsed and validated once for each schema."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, parse, validate

from synthdb.graphql.schema import Schema

__all__ = ["Document", "Documents", "InvalidDocument"]

_MOST: Final = 1_000


class InvalidDocument(Exception):
    """A document cannot be parsed or does not fit the schema; ``errors`` say where."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. ``key`` tells it from all others, of this schema and of others."""

    key: str
    node: DocumentNode


class Documents:
    """Keeps documents by what they say and the schema that they fit."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, schema: Schema, text: str) -> Document:
        """Give the document of a text.

        Raises:
            InvalidDocument: it is none.
        """
        key = f"{schema.key} {hashlib.sha256(text.encode()).hexdigest()}"
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Document(key, _valid(schema, text))
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return found


def _valid(schema: Schema, text: str) -> DocumentNode:
    try:
        node = parse(text)
    except GraphQLSyntaxError as error:
        raise InvalidDocument([error]) from error
    errors = validate(schema.graphql, node)
    if errors:
        raise InvalidDocument(errors)
    return node
