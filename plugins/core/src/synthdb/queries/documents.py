"""Registered GraphQL documents, kept in an ordinary table, so that branches, history and merges hold for them, too.

A document is written for a schema, and a schema is that of a branch; so the list lies beside the data, and not in the
installation's control database. Who may register one is who may insert into the table; a policy on it says who may run
which.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import InvalidBody, InvalidDocument, InvalidParameter, TooLarge, UnknownDocument
from synthdb_host.operations import (
    Batch,
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Delete,
    Insert,
    OnConflict,
    Order,
    Output,
    Ref,
    Select,
)

__all__ = [
    "TABLE",
    "DocumentStore",
    "RegisteredDocument",
    "digest_of",
    "registering",
    "select_documents",
    "select_text",
    "texts_of",
    "unregistering",
]

TABLE: Final = "synthdb_documents"
_LONGEST: Final = 1_000_000
_TEXT: Final = ColumnType("text")
_COLUMNS: Final = (
    Column("digest", _TEXT, not_null=True, comment="SHA-256 of the text, in 64 hexadecimal digits"),
    Column("text", _TEXT, not_null=True),
    Column("operations", _TEXT, not_null=True, comment="names of its operations"),
)


@dataclass(frozen=True, slots=True)
class RegisteredDocument:
    """A document and the hash that clients name it by."""

    digest: str
    text: str
    operations: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a document; whether it fits a schema shows when it is run.

        Raises:
            InvalidDocument: it is not GraphQL, or holds no operation.
            TooLarge: it has more than a million characters.
        """
        from graphql import GraphQLError, OperationDefinitionNode, parse  # noqa: PLC0415 - only who registers needs it

        if len(text) > _LONGEST:
            raise TooLarge(f"The document has more than {_LONGEST:,} characters.")
        try:
            node = parse(text, no_location=True)
        except GraphQLError as error:
            raise InvalidDocument(error.message) from error
        found = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        if not found:
            raise InvalidDocument("The document holds no operation.")
        return cls(digest_of(text), text, ", ".join(one.name.value for one in found if one.name))


class DocumentStore:
    """The registered documents of one state of a database."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def all(self) -> list[RegisteredDocument]:
        """Give all documents, by hash."""
        if TABLE not in self._target.catalog().tables:
            return []
        rows = self._target.execute(select_documents(self._target.ref)).python()
        return [RegisteredDocument(**row) for row in rows]

    def register(self, texts: Sequence[str]) -> list[RegisteredDocument]:
        """Register documents as one commit; those that are known already stay.

        Raises:
            InvalidDocument, TooLarge: one of them cannot be registered.
        """
        documents = [RegisteredDocument.of(text) for text in texts]
        if documents:
            self._target.execute(registering(documents, self._target.ref))
        return documents

    def remove(self, digest: str) -> RegisteredDocument:
        """Remove the document whose hash begins so.

        Raises:
            UnknownDocument: there is none, or there are several.
        """
        found = [one for one in self.all() if digest and one.digest.startswith(digest.lower())]
        if len(found) != 1:
            raise UnknownDocument(f"{len(found) or 'No'} registered documents have a hash that begins with {digest!r}.")
        self._target.execute(unregistering(found[0].digest, self._target.ref))
        return found[0]


def digest_of(text: str) -> str:
    """Give the hash by which a document is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def registering(documents: Sequence[RegisteredDocument], ref: Ref) -> Batch:
    """Give the write that keeps documents."""
    comment = "registered GraphQL documents; without it there are none"
    table = CreateTable(TABLE, _COLUMNS, key=("digest",), mode="strict", comment=comment, if_not_exists=True)
    rows = {one.digest: {"digest": one.digest, "text": one.text, "operations": one.operations} for one in documents}
    kept = Insert.of(TABLE, list(rows.values()), OnConflict(("digest",)), None, ref)
    return Batch((Define((table,), ref), kept), ref)


def unregistering(digest: str, ref: Ref) -> Delete:
    """Give the write that removes a document."""
    return Delete(TABLE, _is(digest), ref=ref)


def select_documents(ref: Ref) -> Select:
    """Give the read of all documents, by hash."""
    names = tuple(Output(ColumnRef(column.name), column.name) for column in _COLUMNS)
    return Select(TABLE, names, order=(Order(ColumnRef("digest")),), ref=ref)


def select_text(digest: str, ref: Ref) -> Select:
    """Give the read of the text of a document."""
    return Select(TABLE, (Output(ColumnRef("text"), "text"),), where=_is(digest), limit=1, ref=ref)


def texts_of(manifest: object) -> list[str]:
    """Give the texts of a manifest: hash and text, as Relay's compiler writes it, or Apollo's list of operations.

    Raises:
        InvalidBody: it is neither.
        InvalidParameter: a SHA-256 in it is not that of its text.
    """
    if not isinstance(manifest, Mapping):
        raise InvalidBody("A manifest is a JSON object: of hashes and texts, or with a list of operations.")
    operations = manifest.get("operations")
    if isinstance(operations, list):
        pairs = [(one.get("id"), one.get("body")) if isinstance(one, Mapping) else (None, None) for one in operations]
    else:
        pairs = list(manifest.items())
    return [_checked(digest, text) for digest, text in pairs]


def _checked(digest: Any, text: Any) -> str:  # noqa: ANN401 - a manifest may hold anything
    if not isinstance(text, str):
        raise InvalidBody("An operation of the manifest has no text.")
    if isinstance(digest, str) and len(digest) == len(digest_of("")) and digest.lower() != digest_of(text):
        raise InvalidParameter(f"{digest} is not the SHA-256 of the text beside it.")
    return text


def _is(digest: str) -> Comparison:
    return Comparison(ColumnRef("digest"), "eq", digest)
