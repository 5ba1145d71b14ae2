"""Idempotency keys where they have no effect: that is said, and nothing is done."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Meta


@pytest.mark.parametrize(
    ("method", "path", "body"),
    (
        ("POST", "/branches", {"name": "dev"}),
        ("PATCH", "/branches/main", {"comment": "x"}),
        ("POST", "/tags", {"name": "first"}),
        ("POST", "/schema", {"changes": [{"do": "create_table", "name": "notes"}]}),
        ("POST", "/schema/tables", {"name": "notes"}),
        ("POST", "/merge", {"source": "dev"}),
        ("POST", "/restore", {"to": "main"}),
        ("PUT", "/queries/one", {"sql": "SELECT 1"}),
        ("DELETE", "/queries/one", None),
    ),
)
def test_a_key_is_not_ignored(live: "Meta", method: str, path: str, body: object) -> None:
    """Who relies on it is told where it works."""
    answer = live.raw(method, f"/meta/v1/db{path}", body=body, Idempotency_Key="k1")
    assert (400, "invalid_parameter") == (answer.status, answer.code)
    assert "rows" in answer.json["hint"]
    assert [] == live.get("/schema")["tables"]
    assert ["main"] == [branch["name"] for branch in live.get("/branches")]
