"""Column types as JSON Schemas, and as the patterns of values in an address."""

from typing import Any, Final

from synthdb_host.catalog import Column, ColumnType
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN

__all__ = [
    "argument_schema",
    "column_schema",
    "condition_example",
    "condition_name",
    "instant_pattern",
    "key_schema",
    "nullable_schema",
    "type_schema",
    "value_pattern",
    "value_schema",
]

_BASE64: Final = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_HEX: Final = "[0-9a-fA-F]"
_UUID: Final = f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_MONTH_AND_DAY: Final = (
    f"(?:(?:0[13578]|1[02])-{_DAY}|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DATE: Final = f"[1-9][0-9]{{3}}-{_MONTH_AND_DAY}"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"

_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer", "format": "int64", "minimum": INTEGER_MIN, "maximum": INTEGER_MAX},
    "real": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "bytes": {"type": "string", "contentEncoding": "base64", "pattern": f"^{_BASE64}$"},
    "json": {},
}
_PATTERNS: Final = {
    "text": r"[^\u0000]*",
    "integer": "-?[0-9]{1,18}",
    "real": r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?",
    "boolean": "(?:true|false)",
    "date": _DATE,
    "timestamp": f"{_DATE}T{_TIME}",
    "uuid": _UUID,
    "bytes": _BASE64,
}
_KEY_PATTERNS: Final = {"text": r"^[^\u0000/]+$", "date": f"^{_DATE}$", "timestamp": f"^{_DATE}T{_TIME}$"}

_EXAMPLES: Final = {
    "text": "like.A*",
    "integer": "gte.10",
    "real": "gt.0.5",
    "decimal": "gte.9.5",
    "boolean": "is.true",
    "date": "gte.2024-01-31",
    "timestamp": "lt.2024-01-31T12:00:00Z",
}

_EXACT_DIGITS: Final = 15
"""Digits up to which a JSON number that any tool reads as a double stays what it is."""


def instant_pattern() -> str:
    """Give the pattern of a moment in UTC."""
    return f"{_DATE}T{_TIME}"


def type_schema(column_type: ColumnType) -> dict[str, Any]:
    """Describe the JSON values of a type, NULL aside."""
    if column_type.name == "decimal":
        return _decimal(column_type.precision or 18, column_type.scale or 0)
    return dict(_SCHEMAS.get(column_type.name, {}))


def _decimal(precision: int, scale: int) -> dict[str, Any]:
    bound = 10 ** (precision - scale) if precision - scale <= _EXACT_DIGITS else float(f"1e{precision - scale}")
    step = {"multipleOf": float(f"1e-{scale}") if scale else 1} if scale <= _EXACT_DIGITS else {}
    return {"type": "number", **step, "exclusiveMinimum": -bound, "exclusiveMaximum": bound}


def value_schema(column_type: ColumnType) -> dict[str, Any]:
    """Describe the JSON values of a type; NULL is none of them."""
    # NULL of JSON is written as JSON's null.
    return type_schema(column_type) or {"not": {"type": "null"}}


def nullable_schema(column_type: ColumnType) -> dict[str, Any]:
    """Describe the JSON values of a type, and NULL."""
    schema = type_schema(column_type)
    return schema | ({"type": [schema["type"], "null"]} if "type" in schema else {})


def column_schema(column: Column) -> dict[str, Any]:
    """Describe the JSON values of a column."""
    schema = value_schema(column.type) if column.not_null else nullable_schema(column.type)
    if column.comment:
        schema["description"] = column.comment
    return schema | {"x-synthdb-type": str(column.type)}


def key_schema(column: Column) -> dict[str, Any]:
    """Describe the values of a column of a key, as they stand in a path."""
    schema = type_schema(column.type) or {"type": "string"}
    pattern = _KEY_PATTERNS.get(column.type.name)
    return schema | {"pattern": pattern} if pattern else schema


def argument_schema(column_type: ColumnType) -> dict[str, Any]:
    """Describe the values of a type, as they stand in a query string for the parameter of a call."""
    schema = type_schema(column_type)
    pattern = r"^[^\u0000]*$" if column_type.name == "text" else _KEY_PATTERNS.get(column_type.name)
    return schema | ({"pattern": pattern} if pattern else {})


def condition_example(column_type: ColumnType) -> str:
    """Give a condition on a column of a type."""
    return _EXAMPLES.get(column_type.name, "is.null")


def condition_name(column_type: ColumnType) -> str:
    """Name the schema of conditions on columns of a type, which all of them share."""
    size = f"{column_type.precision}Scale{column_type.scale}" if column_type.name == "decimal" else ""
    return f"{column_type.name.title()}{size}Condition"


def value_pattern(column_type: ColumnType) -> str | None:
    """Give the pattern of a type's values in an address; None: they are not compared there."""
    if column_type.name != "decimal":
        return _PATTERNS.get(column_type.name)
    whole = max((column_type.precision or 18) - (column_type.scale or 0), 1)
    fraction = f"(?:\\.[0-9]{{1,{column_type.scale}}})?" if column_type.scale else ""
    return f"-?[0-9]{{1,{whole}}}{fraction}"
