"""What a client knows about tables; generated modules make these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = ["Relation", "Schema", "Table"]

Row = TypeVar("Row")
Insert = TypeVar("Insert")
Update = TypeVar("Update")
Found = TypeVar("Found")
Column = TypeVar("Column")


@dataclass(frozen=True)
class Relation:
    """A way to rows of another table: the table, and how the REST interface calls the way."""

    table: str
    target: str


@dataclass(frozen=True)
class Table(Generic[Row, Insert, Update, Found, Column]):
    """A table: the types of its columns, its key, and its relations. Its parameters are the types of its rows."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    relations: Mapping[str, Relation] = field(default_factory=dict[str, Relation])


@dataclass(frozen=True)
class Schema:
    """All tables, and the fingerprint of the schema that they were generated from."""

    fingerprint: str
    tables: Mapping[str, Table[Any, Any, Any, Any, Any]]
