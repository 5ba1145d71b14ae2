"""What Schemathesis cannot read in a document: which spellings mean the same, and what no schema can say."""

import re
from http import HTTPStatus
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, MalformedJson
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData, UnsupportedMethodResponse

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.values import adapt

UNFORESEEN: Final = {
    "meta_branch_compact": {"invalid_parameter"},
    "meta_conflicts_decide": {"invalid_body", "invalid_value"},
    "meta_history": {"invalid_value"},
    "meta_restore": {"invalid_body", "invalid_value"},
    "meta_sql": {"invalid_sql"},
}
"""Codes of refusals that no schema can foresee, by operation: what is right depends on the data, or is SQL."""

OF_CELLS: Final = {"invalid_body", "invalid_value", "lossy_value", "not_null_violation", "range_not_satisfiable"}
"""The same for cells, whose columns are of different types, and of different lengths."""

DEFINING: Final = tuple(f"meta_{verb}_{what}" for verb in ("post", "put", "patch") for what in ("schema", "queries"))
OF_DEFINITIONS: Final = {
    "duplicate_name",
    "invalid_body",
    "invalid_definition",
    "invalid_filter",
    "invalid_parameter",
    "invalid_sql",
    "invalid_value",
    "unknown_column",
}
"""The same for definitions: members that fit each other, names that are there, SQL, the conditions of checks."""

UNFORESEEN_OF_ROWS: Final = {"full_table_write", "lossy_value"}
"""The same for rows: that a filter must be given, and which numbers a type holds exactly."""

LINKED: Final = ("If-Match", "If-None-Match", "Idempotency-Key", "cursor")
"""Parameters that only make sense as an earlier answer or request had them."""


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Send bodies of JSON only, and no parameters that refer to other requests."""
    for name, schema in raw_schema["components"]["schemas"].items():
        if name.endswith("Query"):
            schema["properties"].pop("cursor", None)
    shared = raw_schema["components"]["parameters"]
    left_out = [name for name, parameter in shared.items() if parameter["name"] in LINKED]
    references = [{"$ref": f"#/components/parameters/{name}"} for name in left_out]
    for item in raw_schema["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for media_type in [
                name for name in content if not name.endswith(("json", "octet-stream")) or "ndjson" in name
            ]:
                del content[media_type]
            if isinstance(operation, dict) and "parameters" in operation:
                operation["parameters"] = [one for one in operation["parameters"] if one not in references]


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep what is a failure of the server."""
    if isinstance(failure, MalformedJson):
        # A range of the bytes of a JSON document is no document.
        return bool(response.status_code != HTTPStatus.PARTIAL_CONTENT)
    if isinstance(failure, RejectedPositiveData):
        return is_described(case) and not is_unforeseen(case, response.json())
    if isinstance(failure, AcceptedNegativeData):
        return not means_the_same(case.body, schema_of_body(case), changed=response.content != b"[]")
    # OpenAPI 3.1 has no word for the method QUERY.
    if isinstance(failure, AllowHeaderMismatch):
        if case.operation.path.endswith("/query"):
            # All but POST are about the row with the key "query".
            return "POST" in failure.missing_methods
        return bool(failure.missing_methods) or failure.undocumented_methods != ["QUERY"]
    if isinstance(failure, UnsupportedMethodResponse):
        # Other methods at this address mean the row with the key "query".
        return failure.method != "QUERY" and not case.operation.path.endswith("/query")
    return True


def is_unforeseen(case: Any, problem: dict[str, Any]) -> bool:
    """Say whether a refusal is one that no schema can foresee."""
    name = case.operation.definition.raw["operationId"]
    if name == "meta_post_batch" and "operation" in problem["data"]:
        # What is wrong with an operation of a batch is described where that operation is.
        return True
    if isinstance(case.body, list) and case.operation.method == "patch" and case.query:
        # Rows that are updated each by its key take no filters; a schema cannot tie parameters to the body.
        return True
    codes = UNFORESEEN.get(name, UNFORESEEN_OF_ROWS)
    if re.fullmatch("(?:read|write|clear)_.*_cell", name):
        codes = OF_CELLS
    elif name.startswith(DEFINING):
        codes = OF_DEFINITIONS
    return problem["code"] in codes


def is_described(case: Any) -> bool:
    """Say whether all query parameters fit their patterns; in sequences, answers are tried as parameters."""
    components = case.operation.schema.raw_schema["components"]
    known, schemas = components["parameters"], components["schemas"]
    for given in case.operation.definition.raw.get("parameters", ()):
        parameter = known.get(given.get("$ref", "").rpartition("/")[2], given)
        value = (case.query or {}).get(parameter.get("name"))
        schema = parameter.get("schema", {})
        schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        if value is not None and not re.search(schema.get("pattern", ""), str(value)):
            return False
    return True


def schema_of_body(case: Any) -> dict[str, Any]:
    """Give the schema of a case's body; an array's is that of its items."""
    raw = case.operation.schema.raw_schema
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    schema = content.get(case.media_type, {}).get("schema", {})
    schema = schema.get("items", schema)
    found: dict[str, Any] = raw["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    return found


def means_the_same(body: object, schema: dict[str, Any], *, changed: bool) -> bool:
    """Say whether a body differs from its schema only in how its values are written.

    The server reads ``"12"`` as an integer, ``12`` as a text, and an array where an object is described.
    """
    if isinstance(body, list):
        return all(means_the_same(item, schema, changed=changed) for item in body)
    columns = schema.get("properties", {})
    if not isinstance(body, dict) or not columns or set(schema.get("required", ())) - body.keys():
        return False
    return all(name in columns and fits(value, columns[name], changed=changed) for name, value in body.items())


def fits(value: object, column: dict[str, Any], *, changed: bool) -> bool:
    """Say whether a value is one of a column, by the rules of the server."""
    if "x-synthdb-type" not in column:
        return False
    if value is None:
        # NULL where there must be a value is refused once there is a row that would have it.
        return "null" in column.get("type", ("null",)) or not changed
    try:
        adapt(ColumnType.parse(column["x-synthdb-type"]), value)
    except RequestError:
        return False
    return True
