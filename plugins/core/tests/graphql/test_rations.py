"""Who sends documents that are refused uses up a ration of time; others, and what is known, do not notice."""

import json
from pathlib import Path
from typing import Final

import falcon.testing
import pytest

from plugins.core.tests.graphql.conftest import Api, fill, serving, url_of
from synthdb.graphql.rations import Rations
from synthdb_host.errors import TooManyRequests

TITLES: Final = "{ films(limit: 1) { title } }"
ELSEWHERE: Final = "10.0.0.2"


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_a_ration_comes_back_with_time() -> None:
    """Who is over it is told how long to wait, and then served again."""
    clock = Clock()
    rations = Rations(0.5, clock)
    rations.charge("a", 0.4)
    rations.check("a")
    rations.charge("a", 0.195)
    with pytest.raises(TooManyRequests) as refused:
        rations.check("a")
    rations.check("b")
    assert 10 == refused.value.data["retry_after"]

    clock.now += 10.1
    rations.check("a")


def test_without_a_limit_nobody_is_turned_away() -> None:
    """Zero is no limit."""
    rations = Rations(0)
    rations.charge("a", 1_000)
    rations.check("a")


def test_only_new_documents_of_that_client_are_turned_away(tmp_path: Path) -> None:
    """What was asked before is answered, and so is the same document from elsewhere."""
    with serving(url_of("sqlite", tmp_path), tmp_path, graphql={"max_refused_seconds": 1e-6}) as api:
        fill(api)
        for _ in range(3):
            assert 200 == sent(api, TITLES).status_code
        assert "errors" in sent(api, "{ nothing }").json
        refused = sent(api, "{ films(limit: 2) { title } }")

        assert (429, "too_many_requests") == (refused.status_code, refused.json["code"])
        assert int(refused.headers["Retry-After"]) >= 1
        assert "data" in sent(api, TITLES).json
        assert "data" in sent(api, "{ films(limit: 2) { title } }", ELSEWHERE).json


@pytest.mark.parametrize(
    "query", ["{ __schema { types { name } } }", "{ films { people { films { id } } } }"], ids=["schema", "cost"]
)
def test_questions_that_cost_much_count_too(tmp_path: Path, query: str) -> None:
    """Those about the schema, and those for too many rows, though such documents are valid."""
    with serving(url_of("sqlite", tmp_path), tmp_path, graphql={"max_refused_seconds": 1e-6, "max_cost": 100}) as api:
        fill(api)
        sent(api, query)
        assert 429 == sent(api, TITLES).status_code


def sent(api: Api, query: str, address: str = "127.0.0.1") -> falcon.testing.Result:
    """Send a document from an address."""
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"query": query}).encode()
    return api.client.post("/graphql/v1/db", body=body, headers=headers, remote_addr=address)
