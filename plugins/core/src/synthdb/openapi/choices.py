"""JSON Schemas without a choice between schemas, which many generators cannot write types for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Choices"]

_LEFT_OUT: Final = frozenset({"anyOf", "title", "default", "discriminator", "properties"})
_PLACE: Final = "#/components/schemas/"

_Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """Writes ``anyOf`` as one schema with the types of all: what a keyword says of one type, it says of no other.

    Args:
        known: the schemas that references mean.
        named: names for choices between objects, by the member that tells them apart.
    """

    known: Mapping[str, _Schema]
    named: Mapping[str, str]

    def plain(self, schema: Any) -> Any:  # noqa: ANN401 - any part of a JSON Schema
        """Give a schema, or a part of one, without choices."""
        if isinstance(schema, list):
            return [self.plain(item) for item in schema]
        if not isinstance(schema, dict):
            return schema.replace("``", "`") if isinstance(schema, str) else schema
        tag = schema.get("discriminator", {}).get("propertyName")
        if tag in self.named:
            return {"$ref": f"{_PLACE}{self.named[tag]}"}
        found = {name: self.plain(item) for name, item in schema.items() if name not in _LEFT_OUT}
        if "properties" in schema:
            found["properties"] = {name: self.plain(item) for name, item in schema["properties"].items()}
        for part in schema.get("anyOf", ()):
            found = self._either(found, self._resolved(part))
        return _completed(found)

    def _resolved(self, schema: _Schema) -> _Schema:
        name = schema.get("$ref", "").removeprefix(_PLACE)
        found: _Schema = self.plain(self.known.get(name, schema))
        return found

    def _either(self, one: _Schema, other: _Schema) -> _Schema:
        """Describe what fits one of two schemas, and perhaps a little more."""
        found = one | other | {"type": _simple([*_types(one), *_types(other)])}
        if "enum" in one and "enum" in other:
            found["enum"] = list(dict.fromkeys([*one["enum"], *other["enum"]]))
        if "properties" in one and "properties" in other:
            found["properties"] = self._members(one["properties"], other["properties"])
            found["required"] = [name for name in one.get("required", ()) if name in other.get("required", ())]
        return found

    def _members(self, one: Mapping[str, _Schema], other: Mapping[str, _Schema]) -> _Schema:
        both = {
            name: self._either(self._resolved(one[name]), self._resolved(schema))
            for name, schema in other.items()
            if one.get(name, schema) != schema
        }
        return {**one, **other, **both}


def _completed(schema: _Schema) -> _Schema:
    """Say the type of each list of values, and of items that may be anything that they may."""
    if "array" in _types(schema):
        schema.setdefault("items", {})
    if "enum" in schema:
        nullable = "null" in _types(schema)
        schema["type"] = ["string", "null"] if nullable else "string"
        schema["enum"] = [*schema["enum"], None] if nullable and None not in schema["enum"] else schema["enum"]
    if schema.get("required") == []:
        del schema["required"]
    return schema


def _types(schema: _Schema) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _simple(types: Iterable[str]) -> str | list[str]:
    found = list(dict.fromkeys(types))
    return found[0] if len(found) == 1 else found
