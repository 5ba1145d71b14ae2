"""GraphQL over HTTP: which requests there are, and which status and form an answer has."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import falcon.testing
import pytest

from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.servers import url_of
from synthdb.queries.documents import TABLE, RegisteredDocument, digest_of, registering, unregistering
from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    Principal,
    Resource,
    Verdict,
)
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manifest import Manifest
from synthdb_host.operations import HEAD

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
TITLES: Final = "{ films(limit: 1) { title } }"
ALIEN: Final = {"data": {"films": [{"title": "Alien"}]}}


def get(api: Api, accept: str = JSON, **parameters: str) -> falcon.testing.Result:
    """Send a GET request."""
    query = urlencode(parameters, quote_via=quote)
    return api.client.get("/graphql/v1/db", query_string=query, headers={"Accept": accept})


def post(api: Api, body: object, accept: str = JSON, content_type: str | None = JSON) -> falcon.testing.Result:
    """Send a POST request; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Accept": accept} | ({} if content_type is None else {"Content-Type": content_type})
    return api.client.post("/graphql/v1/db", body=data, headers=headers)


def code(answer: falcon.testing.Result) -> str:
    """Give the code of the first error."""
    return str(answer.json["errors"][0]["extensions"]["code"])


@pytest.fixture
def limited(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The films, served with the settings of GraphQL that the test says."""
    with serving(url_of("sqlite", tmp_path), tmp_path, graphql=request.param) as api:
        fill(api)
        yield api


class TestForms:
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            ("*/*", JSON),
            ("application/*", JSON),
            (JSON, JSON),
            (RESPONSE, RESPONSE),
            (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
            (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
            (f"{RESPONSE}, */*", RESPONSE),
            (f"{RESPONSE};q=0.1, {JSON}", JSON),
        ],
    )
    def test_the_newer_form_is_for_those_who_name_it(self, shared: Api, accept: str, form: str) -> None:
        """All others get the older one."""
        answer = post(shared, {"query": TITLES}, accept)
        assert (200, f"{form}; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
        assert ALIEN == answer.json
        assert "Accept" in answer.headers["Vary"]

    @pytest.mark.parametrize(
        "body",
        [{"query": "{"}, {"query": "{ nothing }"}, {"query": "query A { __typename }", "operationName": "B"},
         {"query": "query($n: Int!) { films(limit: $n) { id } }"}],
        ids=["syntax", "field", "operation", "variable"],
    )  # fmt: skip
    def test_what_is_not_executed_is_an_error_of_the_newer_form(self, shared: Api, body: object) -> None:
        """The older one has 200 for every request that is one; in neither is there data."""
        older, newer = post(shared, body), post(shared, body, RESPONSE)
        assert [200, 400] == [older.status_code, newer.status_code]
        for answer in (older, newer):
            assert ["errors"] == list(answer.json)
            assert "invalid_document" == code(answer)

    def test_what_is_executed_has_the_status_of_success(self, shared: Api) -> None:
        """Also when a field failed, because there is data, if only null."""
        answer = post(shared, {"query": "{ films(limit: -1) { id } }"}, RESPONSE)
        assert (200, None) == (answer.status_code, answer.json["data"])

    @pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"query": 1}', b'{"query": "{ x }", "variables": 1}'])
    def test_no_request_has_the_status_400_in_both_forms(self, shared: Api, body: bytes) -> None:
        """It is answered in GraphQL's form all the same."""
        for form in (JSON, RESPONSE):
            answer = post(shared, body, form)
            assert 400 == answer.status_code
            assert form in answer.headers["Content-Type"]
            assert code(answer) in {"invalid_body", "invalid_parameter"}


class TestTransport:
    @pytest.mark.parametrize(
        "content_type",
        [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
         "application/jsonx", "application/graphql", "application/json; charset=latin-1"],
    )  # fmt: skip
    def test_only_json_is_taken(self, shared: Api, content_type: str | None) -> None:
        """What a page of another site can make a browser send without asking first does nothing."""
        answer = post(shared, {"query": TITLES}, content_type=content_type)
        assert (415, "unsupported_media_type") == (answer.status_code, answer.json["code"])

    @pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8"])
    def test_json_may_be_spelled_in_every_way(self, shared: Api, content_type: str) -> None:
        """With its charset, too."""
        assert 200 == post(shared, {"query": TITLES}, content_type=content_type).status_code

    def test_other_errors_are_problems_as_everywhere(self, shared: Api) -> None:
        """An unknown database or ref, a form that nobody can give, and a method that there is not."""
        asked = {"body": b'{"query": "{ films { id } }"}', "headers": {"Content-Type": JSON}}
        for path, status, problem in (
            ("/graphql/v1/none", 404, "unknown_database"),
            ("/graphql/v1/db@none", 404, "unknown_ref"),
            ("/graphql/v1/db/other.js", 404, "not_found"),
        ):
            method = "GET" if path.endswith(".js") else "POST"
            answer = shared.client.request(method, path, **asked)
            assert (status, problem) == (answer.status_code, answer.json["code"])
        assert 406 == post(shared, {"query": TITLES}, "text/csv").status_code
        assert 405 == shared.client.request("DELETE", "/graphql/v1/db").status_code

    def test_options_name_what_there_is(self, shared: Api) -> None:
        """Methods, and what POST takes."""
        answer = shared.client.request("OPTIONS", "/graphql/v1/db")
        assert (204, "GET, HEAD, POST, OPTIONS", JSON) == (
            answer.status_code,
            answer.headers["Allow"],
            answer.headers["Accept-Post"],
        )


class TestGet:
    def test_queries_can_be_in_the_address(self, shared: Api) -> None:
        """With variables and a name."""
        text = "query A { __typename } query B($id: bigint!) { films_by_pk(id: $id) { title } }"
        answer = get(shared, query=text, operationName="B", variables='{"id": 2}')
        assert {"data": {"films_by_pk": {"title": "The Piano"}}} == answer.json

    def test_head_is_get_without_a_body(self, shared: Api) -> None:
        """Its headers are the same."""
        answer = shared.client.request(
            "HEAD", "/graphql/v1/db", query_string=urlencode({"query": TITLES}), headers={"Accept": RESPONSE}
        )
        assert (200, f"{RESPONSE}; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])

    @pytest.mark.parametrize("kind", ["mutation", "subscription"])
    def test_nothing_but_queries(self, shared: Api, kind: str) -> None:
        """A link that somebody follows changes nothing."""
        answer = get(shared, RESPONSE, query=f"query A {{ __typename }} {kind} B {{ __typename }}", operationName="B")
        assert answer.status_code in {400, 405}
        if answer.status_code == 405:
            assert "POST" == answer.headers["Allow"]

    def test_a_browser_is_shown_the_page(self, shared: Api) -> None:
        """It loads nothing from elsewhere, and its policy would not let it."""
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        answer = get(shared, browser, query=TITLES)
        assert "text/html" in answer.headers["Content-Type"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "http" not in answer.text.replace("https://www", "")
        assert 404 == shared.client.get("/graphql/v1/none", headers={"Accept": browser}).status_code


class TestBatches:
    def test_arrays_are_off(self, shared: Api) -> None:
        """They would multiply what one request may ask for."""
        answer = post(shared, [{"query": TITLES}])
        assert (400, "invalid_body") == (answer.status_code, code(answer))

    @pytest.mark.parametrize("limited", [{"max_batch": 3}], indirect=True)
    def test_arrays_are_answered_in_order_where_they_are_on(self, limited: Api) -> None:
        """Each item for itself, up to the limit."""
        answer = post(limited, [{"query": TITLES}, {"query": "{ nothing }"}, {"query": "{ __typename }"}])
        assert 200 == answer.status_code
        assert ALIEN == answer.json[0]
        assert "invalid_document" == answer.json[1]["errors"][0]["extensions"]["code"]
        assert {"data": {"__typename": "query_root"}} == answer.json[2]
        longer = post(limited, [{"query": TITLES}] * 4)
        assert (400, "too_complex") == (longer.status_code, code(longer))


class TestLimits:
    def test_an_answer_says_what_it_was_thought_to_cost(self, shared: Api) -> None:
        """To those who ask."""
        answer = post(shared, {"query": TITLES, "extensions": {"cost": True}})
        assert ALIEN | {"extensions": {"cost": 1}} == answer.json

    @pytest.mark.parametrize("limited", [{"max_cost": 100}], indirect=True)
    def test_what_may_read_too_much_is_not_read(self, limited: Api) -> None:
        """The error has the estimate; variables count with their values."""
        text = "query($n: Int) { films(limit: $n) { title } }"
        assert 200 == post(limited, {"query": text, "variables": {"n": 100}}, RESPONSE).status_code
        answer = post(limited, {"query": text, "variables": {"n": 101}}, RESPONSE)
        assert (400, "too_complex") == (answer.status_code, code(answer))
        assert {"limit": "max_cost", "allowed": 100, "cost": 101} == {
            name: answer.json["errors"][0]["extensions"][name] for name in ("limit", "allowed", "cost")
        }

    @pytest.mark.parametrize("limited", [{"max_response_bytes": 40}], indirect=True)
    def test_an_answer_may_have_so_many_bytes(self, limited: Api) -> None:
        """A longer one is not sent."""
        assert ALIEN == post(limited, {"query": TITLES}).json
        answer = post(limited, {"query": "{ films { title year } }"}, RESPONSE)
        assert (413, "too_large") == (answer.status_code, code(answer))

    @pytest.mark.parametrize("limited", [{"max_seconds": 1e-9}], indirect=True)
    def test_a_request_may_take_so_long(self, limited: Api) -> None:
        """What is not done by then is given up."""
        assert "timeout" == code(post(limited, {"query": "{ films { title } }"}))

    def test_the_settings_name_the_limits(self, shared: Api) -> None:
        """An error that names a limit names a setting."""
        answer = post(shared, {"query": "{" + " films { id }" * 51 + " }"})
        assert "max_root_fields" == answer.json["errors"][0]["extensions"]["limit"]
        assert "plugins.core.graphql.max_root_fields" in answer.json["errors"][0]["extensions"]["hint"]


class Blind:
    """A plugin whose authorizer lets everybody do everything but ask for the schema."""

    manifest = Manifest(id="blind", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_authenticators(self) -> list[Authenticator]:
        return [Authenticator("none", self._authenticate)]

    async def _authenticate(self, credentials: Credentials) -> Principal:
        return Principal("somebody")

    @hookimpl
    def synthdb_authorizers(self) -> list[Authorizer]:
        return [Authorizer("blind", self._authorize)]

    async def _authorize(self, principal: Principal, action: str, resource: Resource) -> Decision:
        return Decision(Verdict.DENY if action == "introspect" else Verdict.ALLOW)


class TestIntrospection:
    def test_the_schema_can_be_asked_for(self, shared: Api) -> None:
        """By default."""
        answer = post(shared, {"query": '{ __type(name: "films") { kind } }'})
        assert {"data": {"__type": {"kind": "OBJECT"}}} == answer.json

    @pytest.mark.parametrize("limited", [{"introspection": False, "max_refused_seconds": 0}], indirect=True)
    def test_it_can_be_switched_off(self, limited: Api) -> None:
        """Then no error tells of a field that could have been meant, either."""
        self._check_blind(limited)

    def test_each_caller_needs_the_permission(self, tmp_path: Path) -> None:
        """The permission is called introspect."""
        with serving(url_of("sqlite", tmp_path), tmp_path, {"blind": Blind()}, {"max_refused_seconds": 0}) as api:
            fill(api)
            self._check_blind(api)

    def _check_blind(self, api: Api) -> None:
        for text in ("{ __schema { types { name } } }", '{ films { id } a: __type(name: "films") { name } }'):
            answer = post(api, {"query": text}, RESPONSE)
            assert (403, "introspection_disabled") == (answer.status_code, code(answer))
        assert ALIEN == post(api, {"query": TITLES}).json
        for text in ("{ filns { id } }", "{ films { titel } }", "{ films(wher: {}) { id } }"):
            assert "Did you mean" not in post(api, {"query": text}).text
        assert {"data": {"__typename": "query_root"}} == post(api, {"query": "{ __typename }"}).json


class TestRegistered:
    def test_a_registered_document_is_named_by_its_hash(self, api: Api) -> None:
        """On the branch where it is registered, until it is removed."""
        api.execute(registering([RegisteredDocument.of(TITLES)], HEAD))
        digest = digest_of(TITLES)
        assert ALIEN == post(api, {"documentId": f"sha256:{digest}"}).json
        assert ALIEN == get(api, documentId=digest).json

        api.execute(unregistering(digest, HEAD))
        answer = post(api, {"documentId": digest}, RESPONSE)
        assert (404, "unknown_document") == (answer.status_code, code(answer))

    def test_apollos_flow(self, api: Api) -> None:
        """A hash alone is not known; with its text it is learned."""
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(TITLES)}}
        unknown = post(api, {"extensions": extensions})
        assert (200, "PersistedQueryNotFound") == (unknown.status_code, unknown.json["errors"][0]["message"])
        assert ALIEN == post(api, {"extensions": extensions, "query": TITLES}).json
        assert ALIEN == get(api, extensions=json.dumps(extensions)).json

    @pytest.mark.parametrize("limited", [{"documents": "trusted"}], indirect=True)
    def test_nothing_else_runs_where_only_registered_ones_are_trusted(self, limited: Api) -> None:
        """Not even what is sent with its hash; and what lies in the table under another hash does not run."""
        text = "{ films { id } }"
        limited.execute(registering([RegisteredDocument.of(TITLES), RegisteredDocument("0" * 64, text, "")], HEAD))
        for body in ({"query": text}, {"query": text, "documentId": digest_of(text)}, {"documentId": "0" * 64}):
            answer = post(limited, body, RESPONSE)
            assert (403, "untrusted_document") == (answer.status_code, code(answer))
        assert ALIEN == post(limited, {"query": TITLES}).json

    def test_the_documents_are_a_table(self, api: Api) -> None:
        """So they have a history, and can be asked for."""
        api.execute(registering([RegisteredDocument.of("query Titles " + TITLES)], HEAD))
        assert [{"operations": "Titles"}] == api.data(f"{{ {TABLE} {{ operations }} }}")[TABLE]
