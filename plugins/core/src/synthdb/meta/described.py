"""Tables and columns as JSON."""

from dataclasses import asdict

from synthdb_host.catalog import Column, Table

__all__ = ["described", "described_column"]


def described(table: Table) -> dict[str, object]:
    """Give everything about a table in JSON's terms; of a check its name."""
    return {
        "name": table.name,
        "identity": table.identity,
        "key": table.key,
        "generated": table.generated,
        "mode": table.mode,
        "preconditions": table.preconditions,
        "comment": table.comment,
        "columns": [described_column(column) for column in table.columns],
        "unique_keys": [asdict(key) for key in table.unique_keys],
        "foreign_keys": [asdict(key) for key in table.foreign_keys],
        "indexes": [asdict(index) for index in table.indexes],
        "checks": [check.name for check in table.checks],
    }


def described_column(column: Column) -> dict[str, object]:
    """Give everything about a column in JSON's terms."""
    default = {"default": column.default} if column.has_default else {}
    return {
        "name": column.name,
        "type": str(column.type),
        "not_null": column.not_null,
        **default,
        "inferred": column.inferred,
        "comment": column.comment,
    }
