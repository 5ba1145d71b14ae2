"""Stored values of one column type as stored values of another, in SQL: as ``synthdb_host.values.convert`` does it."""

from typing import Final

from synthdb_host.catalog import ColumnType

__all__ = ["conversion_sql", "in_sql", "is_total"]

_TRUTH: Final = "CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
_QUOTED: Final = "nullif(json_quote({0}), 'null')"
"""NULL stays NULL; the text ``null`` becomes ``"null"``."""

_IN_SQL: Final = {
    ("integer", "text"): "CAST({0} AS TEXT)",
    ("boolean", "text"): _TRUTH,
    ("date", "text"): "{0}",
    ("uuid", "text"): "{0}",
    ("timestamp", "text"): "{0}",
    ("date", "timestamp"): "{0} || 'T00:00:00.000000Z'",
    ("integer", "json"): "CAST({0} AS TEXT)",
    ("boolean", "json"): _TRUTH,
    ("text", "json"): _QUOTED,
    ("date", "json"): _QUOTED,
    ("timestamp", "json"): _QUOTED,
    ("uuid", "json"): _QUOTED,
}
"""Conversions that SQLite does exactly as convert() would, without taking values through Python."""

_IN_JSON: Final = frozenset({"text", "integer", "real", "boolean", "date", "timestamp", "uuid"})
"""Types whose every value has a counterpart in JSON; a decimal may have more digits than a number has there."""

_INTEGER_DIGITS: Final = 19


def in_sql(value: str, source: ColumnType, target: ColumnType) -> str | None:
    """Give SQL that converts a value without Python; None: there is none for these types."""
    template = _IN_SQL.get((source.name, target.name))
    return None if template is None else template.format(value)


def conversion_sql(value: str, source: ColumnType, target: ColumnType) -> str:
    """Give SQL that converts any stored value; NULL for one that has no counterpart."""
    return in_sql(value, source, target) or f"synthdb_convert({value}, '{source}', '{target}')"


def is_total(source: ColumnType, target: ColumnType) -> bool:
    """Say whether every value of a type has a counterpart in another, whatever values there are."""
    match target.name:
        case "text":
            return True
        case "json":
            return source.name in _IN_JSON
        case "timestamp":
            return source.name == "date"
        case "decimal":
            return _fits(source, target)
        case _:
            return False


def _fits(source: ColumnType, target: ColumnType) -> bool:
    if source.name not in ("integer", "decimal"):
        return False
    scale = source.scale or 0
    whole = _INTEGER_DIGITS if source.name == "integer" else (source.precision or scale) - scale
    wider = target.scale or 0
    return wider >= scale and (target.precision or wider) - wider >= whole
