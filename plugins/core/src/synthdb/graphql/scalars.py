"""The scalar types that stand for column types."""

import base64
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLScalarType,
    GraphQLString,
    value_from_ast_untyped,
)
from graphql.language import FloatValueNode, IntValueNode, StringValueNode, ValueNode

from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import BadRequest
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN, parse_text

__all__ = ["BIGINT", "NUMERIC", "SCALARS", "scalar_of"]

_SHOWN: Final = 60


def _refused(name: str, value: object) -> GraphQLError:
    return GraphQLError(f"{name} cannot represent {repr(value)[:_SHOWN]}.")


def _bigint(value: object) -> int:
    if isinstance(value, str):
        try:
            value = parse_text(ColumnType("integer"), value)
        except BadRequest as error:
            raise _refused("bigint", value) from error
    if isinstance(value, Decimal | float) and value == value // 1:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not INTEGER_MIN <= value <= INTEGER_MAX:
        raise _refused("bigint", value)
    return value


def _numeric(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _refused("numeric", value)
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:
        raise _refused("numeric", value) from error
    if not number.is_finite():
        raise _refused("numeric", value)
    return number


def _parsed(name: str, column_type: ColumnType) -> Callable[[object], Any]:
    def read(value: object) -> Any:  # noqa: ANN401 - the column type decides
        if not isinstance(value, str):
            raise _refused(name, value)
        try:
            return parse_text(column_type, value)
        except BadRequest as error:
            raise _refused(name, value) from error

    return read


def _literal(name: str, read: Callable[[object], Any]) -> Callable[[ValueNode], Any]:
    def parse(node: ValueNode) -> Any:  # noqa: ANN401 - the column type decides
        if isinstance(node, IntValueNode):
            return read(int(node.value))
        if isinstance(node, FloatValueNode):
            return read(Decimal(node.value))
        if isinstance(node, StringValueNode):
            return read(node.value)
        raise GraphQLError(f"{name} cannot represent this value.", node)

    return parse


def _scalar(
    name: str, description: str, read: Callable[[object], Any], write: Callable[[Any], Any] | None = None
) -> GraphQLScalarType:
    return GraphQLScalarType(
        name,
        coerce_output_value=write,
        coerce_input_value=read,
        coerce_input_literal=_literal(name, read),
        description=description,
    )


def _of_text(name: str, column: str, description: str, write: Callable[[Any], Any]) -> GraphQLScalarType:
    return _scalar(name, description, _parsed(name, ColumnType(column)), write)


def _any(value: object) -> object:
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


BIGINT: Final = _scalar("bigint", "A whole number of 64 bits, as a JSON number; a string is accepted.", _bigint)
NUMERIC: Final = _scalar("numeric", "An exact decimal number, as a JSON number; a string is accepted.", _numeric)
_DATE: Final = _of_text("date", "date", "A date: YYYY-MM-DD.", str)
_TIMESTAMP: Final = _of_text("timestamptz", "timestamp", "A moment, in UTC (RFC 3339).", format_timestamp)
_UUID: Final = _of_text("uuid", "uuid", "A UUID.", str)
_BYTES: Final = _of_text("bytea", "bytes", "Bytes, in base64.", _base64)
_JSON: Final = GraphQLScalarType(
    "jsonb",
    coerce_input_value=_any,
    coerce_input_literal=value_from_ast_untyped,
    description="Any JSON value.",
)

_OF_COLUMNS: Final[dict[str, GraphQLScalarType]] = {
    "text": GraphQLString,
    "integer": BIGINT,
    "real": GraphQLFloat,
    "decimal": NUMERIC,
    "boolean": GraphQLBoolean,
    "date": _DATE,
    "timestamp": _TIMESTAMP,
    "uuid": _UUID,
    "json": _JSON,
    "bytes": _BYTES,
}

SCALARS: Final = frozenset(scalar.name for scalar in _OF_COLUMNS.values())


def scalar_of(column_type: ColumnType) -> GraphQLScalarType:
    """Give the scalar that stands for a column type."""
    return _OF_COLUMNS[column_type.name]
