"""A saved query, and its row in the database."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from synthdb.queries.parameters import QueryParameter, named_parameters
from synthdb_host.catalog import Catalog, Column, ColumnType
from synthdb_host.errors import InvalidParameter, RequestError
from synthdb_host.operations import CreateTable

__all__ = ["TABLE", "SavedQuery", "table_definition"]

TABLE = "synthdb_queries"

_TEXT, _JSON = ColumnType("text"), ColumnType("json")
_COLUMNS = (
    Column("name", _TEXT, not_null=True),
    Column("sql", _TEXT, not_null=True, comment="with :name for each parameter"),
    Column("description", _TEXT),
    Column("parameters", _JSON, not_null=True, comment="name, type, required, default, description of each"),
    Column("reads", _JSON, not_null=True, comment="the columns it reads, by table"),
    Column("gives", _JSON, not_null=True, comment="name and type of the columns it gives; null where the rows decide"),
)


def table_definition() -> CreateTable:
    """Give the change that makes the table of saved queries."""
    comment = "saved queries; without it there are none"
    return CreateTable(TABLE, _COLUMNS, key=("name",), mode="strict", comment=comment, if_not_exists=True)


class _Parameter(msgspec.Struct):
    name: str
    type: str
    required: bool = True
    default: Any = None
    description: str | None = None


class _Given(msgspec.Struct):
    name: str
    type: str | None


class _Parts(msgspec.Struct):
    parameters: list[_Parameter]
    reads: dict[str, tuple[str, ...]]
    gives: list[_Given]


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """SQL with a name.

    ``reads`` are the columns it reads by table, ``gives`` the columns of its rows with their types, None where a type
    depends on the rows. ``missing`` names the tables and columns it reads that are not there any more.
    """

    name: str
    sql: str
    description: str | None
    parameters: Mapping[str, QueryParameter]
    reads: Mapping[str, tuple[str, ...]]
    gives: Mapping[str, str | None]
    missing: tuple[str, ...] = ()

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]], catalog: Catalog) -> list[Self]:
        """Read rows of the table; what others wrote there, and no query can be, is passed over."""
        found = []
        for row in rows:
            with suppress(RequestError, msgspec.ValidationError):
                found.append(cls._of_row(row, catalog))
        return found

    @classmethod
    def _of_row(cls, row: Mapping[str, Any], catalog: Catalog) -> Self:
        parts = msgspec.convert({name: row[name] for name in ("parameters", "reads", "gives")}, _Parts)
        specs = {item.name: msgspec.to_builtins(item) for item in parts.parameters}
        parameters = {name: QueryParameter.of(name, _without_name(spec)) for name, spec in specs.items()}
        if parameters.keys() != set(named_parameters(row["sql"])):
            raise InvalidParameter("The parameters are not those of the statement.")
        gives = {
            item.name: item.type if item.type is None else str(ColumnType.parse(item.type)) for item in parts.gives
        }
        missing = tuple(_missing(parts.reads, catalog))
        return cls(row["name"], row["sql"], row["description"], parameters, parts.reads, gives, missing)

    def row(self) -> tuple[dict[str, Any]]:
        """Give the query as a row of the table."""
        described = self.as_dict()
        return ({column.name: described[column.name] for column in _COLUMNS},)

    def as_dict(self) -> dict[str, Any]:
        """Describe the query in JSON's terms."""
        return {
            "name": self.name,
            "sql": self.sql,
            "description": self.description,
            "parameters": [parameter.as_dict() for parameter in self.parameters.values()],
            "reads": {table: list(columns) for table, columns in self.reads.items()},
            "gives": [{"name": name, "type": kind} for name, kind in self.gives.items()],
            "missing": list(self.missing),
        }


def _without_name(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key != "name"}


def _missing(reads: Mapping[str, tuple[str, ...]], catalog: Catalog) -> list[str]:
    found = []
    for name, columns in reads.items():
        table = catalog.tables.get(name)
        if table is None:
            found.append(name)
        else:
            found += [f"{name}.{column}" for column in columns if column not in table.by_name]
    return found
