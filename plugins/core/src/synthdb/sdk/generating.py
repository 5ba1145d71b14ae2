"""A client for a database, at one of its states."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from synthdb.queries.saved import SavedQuery
from synthdb.sdk.fingerprint import fingerprint_of
from synthdb.sdk.golang import go_files, go_names
from synthdb.sdk.python import python_files, python_names
from synthdb.sdk.shapes import SchemaShape, queries_of, tables_of
from synthdb.sdk.typescript import typescript_files, typescript_names
from synthdb_host.catalog import Catalog

__all__ = ["LANGUAGES", "Generator", "Language", "sources_for"]

Language = Literal["python", "typescript", "go"]


@dataclass(frozen=True, slots=True)
class Generator:
    """Writes the files of a client, and says which names its tables' types may not have."""

    files: Callable[[SchemaShape], dict[str, str]]
    reserved: Callable[[], frozenset[str]] = frozenset


LANGUAGES: Final[dict[Language, Generator]] = {
    "python": Generator(python_files, python_names),
    "typescript": Generator(typescript_files, typescript_names),
    # In Go all of a package has one name space.
    "go": Generator(go_files, go_names),
}


def sources_for(
    language: Language, database: str, catalog: Catalog, queries: Sequence[SavedQuery] = ()
) -> dict[str, str]:
    """Give the files of a client by their paths; the same tables and queries give the same bytes."""
    generator = LANGUAGES[language]
    tables = tables_of(catalog, generator.reserved())
    called = queries_of(queries, tables, generator.reserved())
    schema = SchemaShape(database, fingerprint_of(catalog), tables, called)
    return generator.files(schema)
