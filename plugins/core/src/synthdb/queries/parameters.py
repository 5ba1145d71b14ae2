"""The parameters of saved queries: which there are, and the values they are given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidParameter, InvalidValue, RequestError
from synthdb_host.values import adapt, format_text

__all__ = ["ParameterSpec", "QueryParameter", "bound", "named_parameters", "numbered"]

_KNOWN = frozenset({"type", "required", "default", "description"})
_PLAIN = frozenset({"text", "integer", "real", "boolean", "json"})
"""Types whose values are JSON as they are."""

_WORD = re.compile(
    r"""
      --[^\n]* | /\*(?:.*?\*/|.*)
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] | ::
    | :(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<place>[?@$])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter of a query. Where no value is given its ``default`` is taken, a value of its type or None."""

    name: str
    type: ColumnType
    required: bool = True
    default: object = None
    description: str | None = None

    @classmethod
    def of(cls, name: str, spec: "ParameterSpec") -> Self:
        """Read a parameter from its type, or from a mapping with ``type`` and more; one with a default is optional.

        Raises:
            InvalidParameter: the mapping says something else.
            InvalidValue: there is no such type, or the default is no value of it.
        """
        if isinstance(spec, QueryParameter):
            return cls(name, spec.type, spec.required, spec.default, spec.description)
        given = _given(spec)
        if "type" not in given or not given.keys() <= _KNOWN:
            raise InvalidParameter(
                f"Parameter {name!r} is described by a type, or by type, required, default and description."
            )
        column_type = ColumnType.parse(str(given["type"]))
        default = _adapted(name, column_type, given.get("default"))
        required = bool(given.get("required", default is None))
        return cls(name, column_type, required, default, given.get("description"))

    def as_dict(self) -> dict[str, Any]:
        """Describe the parameter in JSON's terms."""
        default = self.default
        if default is not None and self.type.name not in _PLAIN:
            default = format_text(self.type, default)
        return {
            "name": self.name, "type": str(self.type), "required": self.required, "default": default,
            "description": self.description,
        }  # fmt: skip


ParameterSpec = str | Mapping[str, Any] | QueryParameter
"""A type such as ``"integer"``, or a mapping with ``type`` and perhaps ``required``, ``default``, ``description``."""


def _given(spec: object) -> Mapping[str, Any]:
    if isinstance(spec, str):
        return {"type": spec}
    return spec if isinstance(spec, Mapping) else {}


def named_parameters(sql: str) -> list[str]:
    """Name the parameters of a statement in the order in which they first occur.

    Raises:
        InvalidParameter: a parameter has a number or no name at all.
    """
    names: dict[str, None] = {}
    for match in _WORD.finditer(sql):
        if match["place"]:
            raise InvalidParameter("The parameters of a saved query have names.", hint="Write :name instead of ?.")
        if match["name"]:
            names[match["name"]] = None
    return list(names)


def numbered(sql: str) -> str:
    """Write ``?1``, ``?2`` and so on for the named parameters, as the operation wants them."""
    places = {name: number for number, name in enumerate(named_parameters(sql), start=1)}
    return _WORD.sub(lambda match: f"?{places[match['name']]}" if match["name"] else match[0], sql)


def bound(sql: str, parameters: Mapping[str, QueryParameter], given: Mapping[str, object]) -> tuple[object, ...]:
    """Give the values for a statement's parameters, in its order.

    Raises:
        InvalidParameter: a value that is needed is missing, or one is given that the statement does not know.
        InvalidValue: a value is not of its parameter's type.
    """
    unknown = sorted(given.keys() - parameters.keys())
    missing = [item.name for item in parameters.values() if item.required and given.get(item.name) is None]
    if unknown or missing:
        what = f"has no parameter {unknown[0]!r}" if unknown else f"needs the parameter {missing[0]!r}"
        known = ", ".join(f"{item.name} ({item.type})" for item in parameters.values())
        raise InvalidParameter(f"The query {what}.", hint=f"Its parameters: {known or 'none'}.")
    return tuple(_value(parameters[name], given.get(name)) for name in named_parameters(sql))


def _value(parameter: QueryParameter, given: object) -> object:
    value = parameter.default if given is None else _adapted(parameter.name, parameter.type, given)
    if parameter.type.name != "json" or value is None:
        return value
    return msgspec.json.encode(value, order="sorted").decode()  # as SQL sees the values of json columns


def _adapted(name: str, column_type: ColumnType, value: object) -> object:
    try:
        return adapt(column_type, value)
    except RequestError as error:
        raise InvalidValue(error.detail, hint=error.hint, where=f"parameter {name!r}", data=error.data) from error
