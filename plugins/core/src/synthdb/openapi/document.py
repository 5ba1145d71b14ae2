"""The document: everything that one caller may do with a database at a ref, in the words of OpenAPI 3.1."""

from typing import Any, Final

import msgspec

from synthdb.openapi.cells import CELL_RESPONSES
from synthdb.openapi.functions import FunctionOperations
from synthdb.openapi.identifiers import identifiers
from synthdb.openapi.meta import MetaOperations
from synthdb.openapi.operations import HEADERS, shared_parameters
from synthdb.openapi.problems import PROBLEM, problem_responses
from synthdb.openapi.scope import Scope
from synthdb.openapi.tables import TableOperations
from synthdb_host.encoding import to_text

__all__ = ["document", "encode"]

_ENCODER: Final = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")


def encode(scope: Scope) -> bytes:
    """Write the document of a scope; the same scope always gives the same bytes."""
    return _ENCODER.encode(document(scope))


def document(scope: Scope) -> dict[str, Any]:
    """Describe what a scope holds."""
    components: dict[str, Any] = {"schemas": {"Problem": PROBLEM}, "parameters": {}}
    paths: dict[str, Any] = {}
    tags: list[dict[str, str]] = []
    _add_tables(scope, paths, components, tags)
    _add_meta(scope, paths, components, tags)
    responses = problem_responses() | CELL_RESPONSES
    used = repr(paths)
    components["responses"] = {name: item for name, item in responses.items() if f"/responses/{name}'" in used}
    used += repr(components["responses"])
    components["parameters"] |= {
        name: item for name, item in shared_parameters().items() if f"/parameters/{name}'" in used
    }
    components["headers"] = {name: item for name, item in HEADERS.items() if f"/headers/{name}'" in used}
    if scope.server.security:
        components["securitySchemes"] = scope.server.security
    return {
        "openapi": "3.1.0",
        "info": _info(scope),
        "servers": [{"url": "/"}],
        "security": _security(scope),
        "tags": tags,
        "paths": paths,
        "components": {name: items for name, items in components.items() if items},
    }


def _info(scope: Scope) -> dict[str, Any]:
    return {
        "title": f"SynthDB: {scope.name}",
        "version": scope.catalog.version,
        "description": (
            f"What you may see of the database `{scope.name}`, and do with it. The version is that of its tables. "
            "Errors are `application/problem+json`; the page at a problem's `type` says what its code means."
        ),
    }


def _security(scope: Scope) -> list[dict[str, list[str]]]:
    needed: list[dict[str, list[str]]] = [{name: []} for name in scope.server.security]
    return [*needed, {}] if scope.server.anonymous else needed


def _add_tables(scope: Scope, paths: dict[str, Any], components: dict[str, Any], tags: list[dict[str, str]]) -> None:
    if scope.rest is None:
        return
    names = identifiers(scope.catalog.tables)
    for name, table in sorted(scope.catalog.tables.items()):
        described = TableOperations(scope, table, names[name])
        described.describe()
        paths |= described.paths
        components["schemas"] |= described.schemas
        components["parameters"] |= described.parameters
        tags.append({"name": name, "description": table.comment or f"Rows of `{name}`."})
    calls = FunctionOperations(scope)
    calls.describe()
    paths |= calls.paths
    components["schemas"] |= calls.schemas
    tags += calls.tags


def _add_meta(scope: Scope, paths: dict[str, Any], components: dict[str, Any], tags: list[dict[str, str]]) -> None:
    if scope.meta is None:
        return
    described = MetaOperations(scope)
    described.describe()
    paths |= described.paths
    components["schemas"] |= described.schemas
    tags += described.tags
