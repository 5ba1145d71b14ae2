"""The calls of saved queries, with the types of their parameters and of the columns of their rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from synthdb.openapi.identifiers import class_name, identifiers
from synthdb.openapi.operations import JSON, READING, answer, named, operation, shared
from synthdb.openapi.scope import Scope
from synthdb.openapi.types import argument_schema, nullable_schema, value_schema
from synthdb.queries.parameters import QueryParameter
from synthdb.queries.saved import SavedQuery
from synthdb_host.catalog import ColumnType

__all__ = ["FunctionOperations"]

_OBJECT: Final = "application/vnd.pgrst.object+json"
_TAG: Final = "Saved queries"
_HEADERS: Final = ("Content-Range", "Preference-Applied")


@dataclass(slots=True)
class FunctionOperations:
    """Describes the calls. ``paths``, ``schemas`` and ``tags`` are what it adds to the document."""

    scope: Scope
    paths: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def describe(self) -> None:
        """Describe a call by GET and by POST for each query."""
        names = identifiers(query.name for query in self.scope.queries)
        for query in self.scope.queries:
            name = names[query.name]
            self.schemas[f"{class_name(name)}Found"] = _row(query)
            path = f"{self.scope.rest}/rpc/{quote(query.name, safe='')}"
            self.paths[path] = {"get": self._get(query, name), "post": self._post(query, name)}
        if self.scope.queries:
            self.tags.append({"name": self._tag, "description": "SQL with a name and typed parameters."})

    @property
    def _tag(self) -> str:
        return _TAG if _TAG not in self.scope.catalog.tables else f"{_TAG} (rpc)"

    def _get(self, query: SavedQuery, name: str) -> dict[str, Any]:
        parameters = [_parameter(item) for item in query.parameters.values()]
        return self._operation(f"run_{name}", query, name, parameters, READING)

    def _post(self, query: SavedQuery, name: str) -> dict[str, Any]:
        schema = f"{class_name(name)}Arguments"
        needed = [item.name for item in query.parameters.values() if item.required]
        self.schemas[schema] = {
            "type": "object",
            "description": f"Values for the parameters of `{query.name}`.",
            "properties": {item.name: _argument(item) for item in query.parameters.values()},
            **({"required": needed} if needed else {}),
            "additionalProperties": False,
        }
        request = {"required": bool(needed), "content": {JSON: {"schema": named(schema)}}}
        return self._operation(f"call_{name}", query, name, [], READING | {413, 415}, request)

    def _operation(
        self, identifier: str, query: SavedQuery, name: str, parameters: Sequence[dict[str, Any]],
        refusals: frozenset[int], request: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        row = named(f"{class_name(name)}Found")
        content = {JSON: {"type": "array", "items": row}, _OBJECT: row, **self.scope.server.reads}
        about = " ".join((query.description or f"Call the saved query `{query.name}`.").split())
        answers = {
            "200": answer("The rows, up to the last.", content, _HEADERS),
            "206": answer(
                "The first of them; a header such as `Range: 1000-` asks for those that follow.", content, _HEADERS
            ),
        }
        asked = [*parameters, *shared("Prefer")]
        return operation(self.scope, identifier, self._tag, about, asked, answers, refusals, request=request)


def _row(query: SavedQuery) -> dict[str, Any]:
    columns = {name: _value(kind) for name, kind in query.gives.items()}
    return {
        "type": "object",
        "description": f"A row that `{query.name}` gives.",
        "properties": columns,
        **({"required": list(columns)} if columns else {}),
    }


def _value(kind: str | None) -> dict[str, Any]:
    """Describe a column; without a type the rows decide what it is."""
    if kind is None:
        return {}
    return nullable_schema(ColumnType.parse(kind)) | {"x-synthdb-type": kind}


def _argument(parameter: QueryParameter) -> dict[str, Any]:
    # What need not be given may be NULL, which means the default.
    about = {"description": parameter.description} if parameter.description else {}
    described = about | _default(parameter) | {"x-synthdb-type": str(parameter.type)}
    schema = value_schema(parameter.type) if parameter.required else nullable_schema(parameter.type)
    return schema | described


def _parameter(parameter: QueryParameter) -> dict[str, Any]:
    found: dict[str, Any] = {"name": parameter.name, "in": "query", "required": parameter.required}
    schema = argument_schema(parameter.type) | _default(parameter)
    if parameter.description:
        found["description"] = parameter.description
    # JSON has a form of its own in an address.
    return found | ({"content": {JSON: {"schema": schema}}} if parameter.type.name == "json" else {"schema": schema})


def _default(parameter: QueryParameter) -> dict[str, Any]:
    return {} if parameter.default is None else {"default": parameter.as_dict()["default"]}
