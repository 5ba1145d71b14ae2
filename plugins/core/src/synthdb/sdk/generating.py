"""A client for a database, at one of its states."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from synthdb.sdk.fingerprint import fingerprint_of
from synthdb.sdk.python import python_files
from synthdb.sdk.shapes import SchemaShape, tables_of
from synthdb.sdk.typescript import typescript_files
from synthdb_host.catalog import Catalog

__all__ = ["LANGUAGES", "Language", "sources_for"]

Language = Literal["python", "typescript"]

LANGUAGES: Final[Mapping[Language, Callable[[SchemaShape], dict[str, str]]]] = {
    "python": python_files,
    "typescript": typescript_files,
}


def sources_for(language: Language, database: str, catalog: Catalog) -> dict[str, str]:
    """Give the files of a client by their paths; the same schema gives the same bytes."""
    schema = SchemaShape(database, fingerprint_of(catalog), tables_of(catalog))
    return LANGUAGES[language](schema)
