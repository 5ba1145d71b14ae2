"""Models of what is in a database, at one of its states."""

from collections.abc import Collection

from synthdb.importing.bookkeeping import Target
from synthdb.modelling.classes import Models, classes_of
from synthdb.modelling.shapes import ModelShape, shapes_of
from synthdb.modelling.source import module_text
from synthdb.queries.store import QueryStore

__all__ = ["classes_for", "source_for"]


def classes_for(target: Target, tables: Collection[str] = ()) -> Models:
    """Make the classes for some tables, or for all tables and saved queries.

    Raises:
        UnknownTable: there is no such table.
    """
    return classes_of(_shapes(target, tables))


def source_for(target: Target, tables: Collection[str] = ()) -> str:
    """Write these classes as the source of a module.

    Raises:
        UnknownTable: there is no such table.
    """
    return module_text(_shapes(target, tables))


def _shapes(target: Target, tables: Collection[str]) -> list[ModelShape]:
    queries = () if tables else QueryStore(target).all()
    return shapes_of(target.catalog(), queries, tables)
