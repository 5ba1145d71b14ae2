"""Whatever fits the patterns of a document is accepted by the server."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from plugins.core.tests.openapi.conftest import Described

TABLES = ["everything", "columns", 'say "hi"']


def parameters(document: Any, path: str) -> dict[str, dict[str, Any]]:
    """Give the query parameters of reading rows, by name."""
    references = [item["$ref"].rsplit("/", 1)[1] for item in document["paths"][path]["get"]["parameters"]]
    found = [document["components"]["parameters"][name] for name in references]
    schemas = document["components"]["schemas"]
    return {
        item["name"]: {**item, "schema": schemas.get(item["schema"].get("$ref", "").rpartition("/")[2], item["schema"])}
        for item in found
        if item["in"] == "query"
    }


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_value_that_fits_a_pattern_is_accepted(described: "Described", table: str, data: st.DataObject) -> None:
    """Filters of every type, groups of them, select and order."""
    path = f"/rest/v1/db/{quote(table, safe='')}"
    known = {name: item for name, item in parameters(described.document(), path).items() if "pattern" in item["schema"]}
    name = data.draw(st.sampled_from(sorted(known)))
    value = data.draw(st.from_regex(known[name]["schema"]["pattern"], fullmatch=True), label=name)
    assume(len(value) < 500)

    query = f"{quote(name, safe='')}={quote(value, safe='')}"
    result = described.client.get(path, query_string=query)

    assert 200 == result.status_code, result.text


@pytest.mark.parametrize("value", ["x", "eq.x", "gt.", "in.(1,x)", "not.is.maybe", "eq.1.5.2", "match.("])
def test_what_no_integer_can_be_compared_with_does_not_fit(described: "Described", value: str) -> None:
    """The pattern lets nothing through that is refused."""
    path = "/rest/v1/db/everything"
    pattern = parameters(described.document(), path)["a_integer"]["schema"]["pattern"]

    assert None is re.fullmatch(pattern, value)
    assert 400 == described.client.get(path, query_string=f"a_integer={value}").status_code
