"""The Python types of columns, as they are and as they are written down."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from synthdb.modelling.shapes import FieldShape

__all__ = ["annotation_of", "annotation_text", "literal_text"]

_TYPES: dict[str, Any] = {
    "text": str, "integer": int, "real": float, "decimal": Decimal, "boolean": bool, "date": date,
    "timestamp": datetime, "uuid": UUID, "json": JsonValue, "bytes": bytes,
}  # fmt: skip
_TEXTS = {
    "text": "str", "integer": "int", "real": "float", "decimal": "decimal.Decimal", "boolean": "bool",
    "date": "datetime.date", "timestamp": "datetime.datetime", "uuid": "uuid.UUID", "json": "JsonValue",
    "bytes": "bytes",
}  # fmt: skip


def annotation_of(field: FieldShape) -> Any:  # noqa: ANN401 - a type, or a special form
    """Give the type of a field."""
    if field.type is None:
        return str | int | float | bytes | None
    found = _TYPES[field.type.name]
    if field.written and field.type.name == "decimal":
        found = Annotated[found, Field(max_digits=field.type.precision, decimal_places=field.type.scale)]
    return found | None if field.nullable and found is not JsonValue else found


def annotation_text(field: FieldShape) -> str:
    """Write the type of a field."""
    if field.type is None:
        return "str | int | float | bytes | None"
    found = _TEXTS[field.type.name]
    if field.written and field.type.name == "decimal":
        found = f"Annotated[{found}, Field(max_digits={field.type.precision}, decimal_places={field.type.scale})]"
    return f"{found} | None" if field.nullable and found != "JsonValue" else found


def literal_text(value: object) -> str:
    """Write a value of a column as Python."""
    if isinstance(value, Decimal):
        return f'decimal.Decimal("{value}")'
    if isinstance(value, UUID):
        return f'uuid.UUID("{value}")'
    # JSON's strings are Python's, too, and always have the same quotes.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
