"""What a document says, to whom, and how it is sent."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from plugins.core.tests.openapi.conftest import HOSTILE
from synthdb.openapi.meta_schemas import ANSWERS, body_schemas
from synthdb_host.access import LOCAL
from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Context,
    Decision,
    Policy,
    Principal,
    Resource,
    RowPolicy,
    Verdict,
)
from synthdb_host.errors import StartupError
from synthdb_host.operations import Define, DropTable, Insert
from synthdb_host.testing.gating import Guard
from synthdb_host.versions import Branching, CreateBranch, Ref

if TYPE_CHECKING:
    from plugins.core.tests.openapi.conftest import Described, Serve

METHODS = {"get", "put", "post", "patch", "delete"}


def operations(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation."""
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def walk(value: Any) -> Iterator[Any]:
    """Yield every object of a document."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)


def test_every_table_and_its_rows_are_described(described: "Described") -> None:
    """Also those whose names are hostile; a key of several columns has commas."""
    document = described.document()
    paths = document["paths"]

    assert {"get", "post", "patch", "put", "delete"} == paths["/rest/v1/db/everything"].keys()
    assert {"get", "patch", "put", "delete", "parameters"} == paths["/rest/v1/db/everything/{id}"].keys()
    assert "/rest/v1/db/pairs/{a},{b}" in paths
    assert set(HOSTILE) < {unquote(path.split("/")[4]) for path in paths if path.startswith("/rest/")}
    assert "/meta/v1/db/branches/{name}" in paths


def test_names_are_unique_whatever_a_tool_makes_of_them(described: "Described") -> None:
    """Operations, schemas and parameters differ in more than case and punctuation."""
    document = described.document()
    names = [operation["operationId"] for _, _, operation in operations(document)]
    schemas = list(document["components"]["schemas"])

    for found in (names, schemas, list(document["components"]["parameters"])):
        assert len(found) == len({name.replace("_", "").lower() for name in found})
    assert [] == [name for name in names if not name.isidentifier()]
    assert "EverythingRow" in schemas


def test_every_reference_leads_somewhere_and_nothing_is_left_over(described: "Described") -> None:
    """What is described once is referred to by its name."""
    document = described.document()
    used = {item["$ref"] for item in walk(document["paths"]) if isinstance(item.get("$ref"), str)}
    used |= {item["$ref"] for item in walk(document["components"]) if isinstance(item.get("$ref"), str)}
    kinds = {kind: names for kind, names in document["components"].items() if kind != "securitySchemes"}

    assert {f"#/components/{kind}/{name}" for kind, names in kinds.items() for name in names} == used


def test_schemas_of_rows_are_plain(described: "Described") -> None:
    """No choice of schemas; NULL is a type; JSON is anything; what must be given is required."""
    document = described.document()
    schemas = document["components"]["schemas"]
    row = schemas["EverythingRow"]["properties"]

    assert [] == [item for item in walk(document) if {"oneOf", "anyOf", "allOf"} & item.keys()]
    assert ["integer", "null"] == row["a_integer"]["type"]
    assert {"x-synthdb-type": "json"} == row["a_json"]
    assert ("string", "What it is called") == (row["code"]["type"], row["code"]["description"])
    assert "Refers to `id` of `people`." == row["person"]["description"]
    assert (0.01, 10_000) == (row["price"]["multipleOf"], row["price"]["exclusiveMaximum"])
    assert ["code"] == schemas["EverythingInsert"]["required"]
    assert 0 == schemas["EverythingInsert"]["properties"]["price"]["default"]
    assert "required" not in schemas["EverythingUpdate"]
    assert "id" not in schemas["EverythingPut"]["properties"]
    assert False is schemas["EverythingInsert"]["additionalProperties"]
    assert {} == schemas["PeopleInsert"]["additionalProperties"]


def test_every_operation_says_how_it_may_be_refused(described: "Described") -> None:
    """Each has its statuses, with a problem as the body, and the codes are explained."""
    document = described.document()
    for path, method, operation in operations(document):
        assert {"400", "403", "404"} <= operation["responses"].keys(), (path, method)
        if method != "get" and not path.endswith("/query") and "/rpc/" not in path:
            assert {"409", "413", "415"} <= operation["responses"].keys(), (path, method)
    problems = document["components"]["responses"]
    assert all(
        "application/problem+json" in problem["content"]
        for name, problem in problems.items()
        if name.startswith("Problem")
    )
    assert "[`unique_violation`](/errors/unique_violation)" in problems["Problem409"]["description"]


def test_every_resource_of_the_meta_interface_is_described(described: "Described") -> None:
    """One that nobody has described in detail is there with what it says of itself."""
    from synthdb.meta.routes import routes  # noqa: PLC0415 - what is served is asked where it is served

    paths = described.document()["paths"]
    for route in routes(described.client.host):
        resource = route.resource(described.client.host)
        path = re.sub(r":\w+}", "}", route.path.replace("{db}", "db", 1))
        served = {method for method in METHODS if hasattr(resource, f"on_{method}")}

        assert served == paths[f"/meta/v1{path}"].keys() & METHODS, path


def test_cells_are_described_as_files(described: "Described") -> None:
    """Bytes of any media type, in parts too, under conditions, for every column."""
    paths = described.document()["paths"]
    cells = paths["/rest/v1/db/everything/{id}/{column}"]
    names = {item["$ref"].rpartition("/")[2] for item in cells["get"]["parameters"]}

    assert {"Range", "If-Range", "If-None-Match"} == names
    assert {"200", "206", "304", "416"} < cells["get"]["responses"].keys()
    assert {"application/octet-stream", "*/*"} == cells["put"]["requestBody"]["content"].keys()
    assert {"204", "412"} < cells["delete"]["responses"].keys()
    assert "a_bytes" in cells["parameters"][1]["schema"]["enum"]
    assert "/rest/v1/db/pairs/{a},{b}/{column}" in paths


def test_saved_queries_are_described_with_the_types_of_their_parameters_and_rows(described: "Described") -> None:
    """What must be given is required; the types of columns are those that they have at the ref."""
    statement = (
        "SELECT code, price, count(*) AS n FROM everything WHERE price >= :least AND a_date > :day GROUP BY code"
    )
    day_of = {"type": "date", "default": "2024-02-29", "description": "after which"}
    body = {"sql": statement, "description": "What costs much.", "parameters": {"least": "decimal(6,2)", "day": day_of}}
    before = described.get("db.json").headers["etag"]
    assert 201 == described.client.request("PUT", "/meta/v1/db/queries/dear-ones", json=body).status_code
    document = described.document()
    assert before != described.get("db.json").headers["etag"]

    path, schemas = document["paths"]["/rest/v1/db/rpc/dear-ones"], document["components"]["schemas"]
    least, day, _ = path["get"]["parameters"]

    assert ("run_dear_ones", "call_dear_ones") == (path["get"]["operationId"], path["post"]["operationId"])
    assert ("least", True, "number") == (least["name"], least["required"], least["schema"]["type"])
    assert (False, "after which", "2024-02-29") == (day["required"], day["description"], day["schema"]["default"])
    assert ["least"] == schemas["DearOnesArguments"]["required"]
    row = schemas["DearOnesFound"]["properties"]
    assert ["code", "price", "n"] == list(row) == schemas["DearOnesFound"]["required"]
    assert "decimal(6,2)" == row["price"]["x-synthdb-type"]
    answers = path["get"]["responses"]["200"]["content"]
    assert {"type": "array", "items": {"$ref": "#/components/schemas/DearOnesFound"}} == answers["application/json"][
        "schema"
    ]


def test_a_saved_query_that_cannot_be_called_is_not_described(serve: "Serve") -> None:
    """One who may not run SQL sees none; one that has lost its columns, or never was one, is left out for all."""
    served = serve()
    client, host = served.client, served.client.host
    for name, table in (("lost", "pairs"), ("there", "people")):
        client.request("PUT", f"/meta/v1/db/queries/{name}", json={"sql": f"SELECT * FROM {table}"})
    client.run(host.gate.execute("db", Define((DropTable("pairs"),)), Context(LOCAL)))
    odd = {"name": "odd", "sql": "SELECT 1", "parameters": [{"what": 1}], "reads": [], "gives": {}}
    client.run(host.gate.execute("db", Insert.of("synthdb_queries", [odd]), Context(LOCAL)))

    assert ["/rest/v1/db/rpc/there"] == [path for path in served.document()["paths"] if "/rpc/" in path]

    guard = Guard(authenticators=(Authenticator("bearer", who),), authorizers=(Authorizer("judge", judge),))
    document = serve({"guard": guard}).document(Authorization="Bearer writer")
    assert [] == [path for path in document["paths"] if "/rpc/" in path]


def test_changes_of_the_schema_are_described_with_their_condition_and_their_bodies(described: "Described") -> None:
    """If-Match goes with every one, the version of the schema is in the ETag, and no body is a loose object."""
    document = described.document()
    schemas = document["components"]["schemas"]
    for path, method, operation in operations(document):
        if "/meta/v1/db/schema" not in path:
            continue
        done = next(answer for status, answer in operation["responses"].items() if status[0] == "2")
        assert "ETag" in done["headers"], (path, method)
        taken = {item.get("$ref", "").rpartition("/")[2] for item in operation.get("parameters", ())}
        assert (method != "get") == ("If-Match" in taken) == ("412" in operation["responses"]), (path, method)
    assert {"name", "columns", "key", "mode", "constraints"} < schemas["NewTable"]["properties"].keys()
    assert "default" in schemas["NewColumn"]["properties"]
    assert {"index", "unique", "foreign", "check"} == set(schemas["NewConstraint"]["properties"]["kind"]["enum"])
    assert "- `rename_table`: `table`, `name`" in schemas["SchemaChange"]["description"]
    assert ["strict", None] == schemas["AlteredTable"]["properties"]["mode"]["enum"][-2:]
    for _, _, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        assert {"type": "object", "additionalProperties": True} not in [item.get("schema") for item in content.values()]


def test_names_of_general_schemas_are_not_those_of_tables_and_queries() -> None:
    """Whatever a table or a query is called, its schemas end otherwise."""
    ends = ("Row", "Insert", "Update", "Put", "Query", "Select", "Order", "Group", "Condition", "Arguments", "Found")

    assert [] == [name for name in (*ANSWERS, *body_schemas(), "Problem") if name.endswith(ends)]
    assert [] == [(one, other) for one in ends for other in ends if one != other and one.endswith(other)]


def test_rows_come_and_go_in_every_media_type(described: "Described") -> None:
    """Those of lines are named beside JSON."""
    table = described.document()["paths"]["/rest/v1/db/everything"]
    answers = table["get"]["responses"]["200"]["content"]

    assert {"application/json", "text/csv", "application/x-ndjson"} <= answers.keys()
    assert "text/csv" in table["post"]["requestBody"]["content"]


def test_conditional_requests_and_keys_are_described(described: "Described") -> None:
    """Reads can be answered 304, writes to a row depend on its version, and every write can be sent again."""
    paths = described.document()["paths"]
    row, table = paths["/rest/v1/db/everything/{id}"], paths["/rest/v1/db/everything"]

    def headers(operation: Any) -> set[str]:
        names = {item["$ref"].rpartition("/")[2] for item in operation["parameters"]}
        return names & {"If-Match", "If-None-Match", "Idempotency-Key"}

    assert {"If-None-Match"} == headers(row["get"]) == headers(table["get"])
    assert {"If-Match", "Idempotency-Key"} == headers(row["patch"]) == headers(row["delete"])
    assert {"If-Match", "If-None-Match", "Idempotency-Key"} == headers(row["put"])
    assert {"If-None-Match", "Idempotency-Key"} == headers(table["post"])
    assert {"304"} <= row["get"]["responses"].keys() & table["get"]["responses"].keys()
    assert {"412", "422"} <= row["patch"]["responses"].keys()
    assert "ETag" in row["get"]["responses"]["200"]["headers"]


def test_the_same_catalog_gives_the_same_bytes(serve: "Serve") -> None:
    """Also in another process; a change of the tables gives others."""
    one, other = serve(), serve()
    assert one.get("db.json").content == other.get("db.json").content

    host = other.client.host
    other.client.run(host.gate.execute("db", Define((DropTable("pairs"),)), Context(LOCAL)))

    assert one.get("db.json").content == other.get("db.json").content
    assert "/rest/v1/db/pairs" not in one.document()["paths"]


def test_a_document_that_the_client_has_is_not_sent_again(described: "Described") -> None:
    """The entity tag is that of the bytes."""
    first = described.get("db.json")
    etag = first.headers["etag"]

    again = described.get("db.json", If_None_Match=f'"other", W/{etag}')

    assert (304, b"", etag) == (again.status_code, again.content, again.headers["etag"])
    assert 200 == described.get("db.json", If_None_Match='"other"').status_code
    assert "Authorization" == first.headers["vary"]


def test_a_ref_has_a_document_of_its_own(described: "Described") -> None:
    """Of a branch with everything, of the past without writes."""
    host = described.client.host
    described.client.run(host.gate.execute("db", Branching((CreateBranch("cut", Ref()),)), Context(LOCAL)))
    commit = described.client.get("/meta/v1/db/commits").json[0]["id"]

    branch, past = described.document("db@cut"), described.document(f"db@{commit}")

    assert "post" in branch["paths"]["/rest/v1/db@cut/people"]
    assert {"get"} == past["paths"][f"/rest/v1/db@{commit}/people"].keys()
    assert "/meta/v1/db@cut/merge" in branch["paths"]
    assert f"/meta/v1/db@{commit}/merge" not in past["paths"]
    assert "unknown_ref" == described.get("db@nope.json").json["code"]
    assert "unknown_database" == described.get("nope.json").json["code"]


async def judge(principal: Principal, action: str, resource: Resource) -> Decision:
    """Let ``reader`` read people, and ``writer`` read and write them, and nothing else."""
    allowed = {"reader": {"select"}, "writer": {"select", "insert", "update", "history"}}[principal.id]
    if resource.table not in (None, "people") or action not in allowed:
        return Decision(Verdict.DENY, "not for you")
    return Decision(Verdict.ALLOW)


async def who(credentials: Any) -> Principal:
    """Take the token for the name."""
    return Principal(credentials.value)


async def hide(principal: Principal, action: str, resource: Resource) -> RowPolicy | None:
    """Hide names from readers."""
    return RowPolicy(hidden=frozenset({"name"})) if principal.id == "reader" else None


def test_a_caller_sees_what_he_may_do(serve: "Serve") -> None:
    """Tables, columns and operations that are not his are not in his document; nobody gets that of another."""
    guard = Guard(
        authenticators=(Authenticator("bearer", who),), authorizers=(Authorizer("judge", judge),),
        policies=(Policy("hide", hide),),
    )  # fmt: skip
    served = serve({"guard": guard})

    reader = served.document(Authorization="Bearer reader")
    writer = served.document(Authorization="Bearer writer")

    people = "/rest/v1/db/people"
    own = [people, f"{people}/query", f"{people}/{{id}}", f"{people}/{{id}}/{{column}}"]
    assert own == [path for path in reader["paths"] if "/rest/" in path]
    assert {"get", "parameters"} == reader["paths"][own[3]].keys()
    assert {"get"} == reader["paths"]["/rest/v1/db/people"].keys()
    assert {"get", "post", "patch", "put"} == writer["paths"]["/rest/v1/db/people"].keys()
    assert {"id"} == reader["components"]["schemas"]["PeopleRow"]["properties"].keys()
    assert {"id", "name"} == writer["components"]["schemas"]["PeopleRow"]["properties"].keys()
    assert False is writer["components"]["schemas"]["PeopleInsert"]["additionalProperties"]
    assert {"/meta/v1/db/schema", "/meta/v1/db/batch", "/meta/v1/db/queries"} < reader["paths"].keys()
    assert {"get"} == METHODS & reader["paths"]["/meta/v1/db/schema/tables/{table}"].keys()
    assert "/meta/v1/db/commits" not in reader["paths"]
    assert "/meta/v1/db/commits" in writer["paths"]
    assert "people.where.name" not in reader["components"]["parameters"]
    assert "401" in reader["paths"]["/rest/v1/db/people"]["get"]["responses"]
    assert [{"bearer": []}] == reader["security"]


def test_with_a_token_it_is_what_the_document_asks_for(serve: "Serve") -> None:
    """Programs on this machine are let in without."""
    document = serve(admin_token="a-long-secret").document()

    assert [{"bearer": []}, {}] == document["security"]
    assert {"bearer": {"type": "http", "scheme": "bearer"}} == document["components"]["securitySchemes"]


@pytest.mark.parametrize("api", ["rest", "meta", "openapi"])
def test_each_api_can_be_left_out(serve: "Serve", api: str) -> None:
    """The others go on, and what is not served is not described."""
    served = serve(disabled_apis=[f"core.{api}"])
    answers = {name: served.client.get(f"/{name}/v1/db{end}").status_code for name, end in ENDS.items()}

    assert {name: 404 if name == api else 200 for name in ENDS} == answers
    if api != "openapi":
        assert [] == [path for path in served.document()["paths"] if path.startswith(f"/{api}/")]


ENDS = {"rest": "/people", "meta": "/schema", "openapi": ".json"}


def test_an_api_that_is_not_there_cannot_be_left_out(serve: "Serve") -> None:
    """A misspelt name would leave open what was meant to be closed."""
    with pytest.raises(StartupError, match=r"there is no API 'core\.openapy'.*core\.openapi"):
        serve(disabled_apis=["core.openapy"])
