"""A saved query, and its row in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from synthdb.queries.parameters import QueryParameter
from synthdb_host.catalog import Catalog, Column, ColumnType
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
    def of_row(cls, row: Mapping[str, Any], catalog: Catalog) -> Self:
        """Read a row of the table."""
        described = {item["name"]: item for item in row["parameters"]}
        specs = {name: {key: value for key, value in item.items() if key != "name"} for name, item in described.items()}
        parameters = {name: QueryParameter.of(name, spec) for name, spec in specs.items()}
        reads = {table: tuple(columns) for table, columns in row["reads"].items()}
        missing = tuple(_missing(reads, catalog))
        gives = {item["name"]: item["type"] for item in row["gives"]}
        return cls(row["name"], row["sql"], row["description"], parameters, reads, gives, missing)

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


def _missing(reads: Mapping[str, tuple[str, ...]], catalog: Catalog) -> list[str]:
    found = []
    for name, columns in reads.items():
        table = catalog.tables.get(name)
        if table is None:
            found.append(name)
        else:
            found += [f"{name}.{column}" for column in columns if column not in table.by_name]
    return found
