"""Request shapes are read once, kept for a while, and never for another request."""

import falcon.asgi
import pytest
from falcon import testing

from synthdb.rest.forms import form_of
from synthdb.rest.limits import Limits
from synthdb.rest.media import media_types
from synthdb.rest.representation import Representations
from synthdb.rest.shapes import Shape, Shapes
from synthdb_host.errors import InvalidFilter
from synthdb_host.operations import ColumnRef, Comparison, Literal

LIMITS = Limits(rows=100, shapes=3)


@pytest.fixture
def shapes() -> Shapes:
    return Shapes(LIMITS, Representations(media_types()))


def request(path: str, query: str = "", method: str = "GET", **headers: str) -> falcon.asgi.Request:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    req = testing.create_asgi_req(method=method, path=f"/rest/v1{path}", query_string=query, headers=sent)
    req.uri_template = "/rest/v1/{db}/{table}"
    return req


def test_requests_that_differ_in_values_have_one_form(shapes: Shapes) -> None:
    """They are read once and bound once; only the values are put in each time."""
    first, second = (shapes.of(request("/db/films", f"id=eq.{number}&year=gt.{number}0")) for number in (1, 2))
    assert first.form is second.form
    assert first.form.select(None) is second.form.select(None)
    wanted = [(Comparison(ColumnRef("id"), "eq", Literal("2")), Comparison(ColumnRef("year"), "gt", Literal("20")))]
    assert wanted == [second.select().where.items]  # type: ignore[union-attr]  # two filters make an And


@pytest.mark.parametrize(
    "query",
    (
        "name=eq.a%20b",
        "name=eq.a+b",
        "order=eq.1",
        "films.year=eq.1",
        "name=eq(any).{1}",
        "name=not.eq.1",
        "and=(a.eq.1)",
        "name=in.(1)",
    ),
)
def test_only_plain_values_are_taken_out(query: str) -> None:
    """What needs decoding or has a meaning of its own is part of the form."""
    assert (query, []) == form_of(query)


def test_values_stand_where_they_stood() -> None:
    """A value may be empty and hold dots, commas and parentheses."""
    form, values = form_of("a=eq.&select=b&c=gte.1.5,(x)&c=lt.9")
    assert "a=eq.\0000&select=b&c=gte.\0001&c=lt.\0002" == form
    assert ["", "1.5,(x)", "9"] == values


def test_rows_by_key_have_one_form(shapes: Shapes) -> None:
    """A table's own address, with or without a slash, is another."""
    keyed = [request(f"/db/films/{key}") for key in ("1", "two")]
    for req in keyed:
        req.uri_template = "/rest/v1/{db}/{table}/{key:path}"
    first, second = (shapes.of(req) for req in keyed)
    assert first.form is second.form
    assert [("1",), ("two",)] == [first.address.key, second.address.key]
    assert shapes.of(request("/db/films")).address.key is None
    assert shapes.of(request("/db/films/")).address.key is None


@pytest.mark.parametrize(
    "other",
    (
        pytest.param(request("/db/people", "id=eq.1"), id="table"),
        pytest.param(request("/other/films", "id=eq.1"), id="database"),
        pytest.param(request("/db@dev/films", "id=eq.1"), id="branch"),
        pytest.param(request("/db/films", "name=eq.1"), id="query"),
        pytest.param(request("/db/films", "id=eq.1", Accept="text/csv"), id="accept"),
        pytest.param(request("/db/films", "id=eq.1", Prefer="count=exact"), id="preference"),
        pytest.param(request("/db/films", "id=eq.1", Range="0-1"), id="range"),
        pytest.param(request("/db/films", "id=eq.1", Accept_Profile="dev"), id="profile"),
        pytest.param(request("/db/films", "id=eq.1", "PATCH"), id="method"),
    ),
)
def test_another_request_has_another_shape(shapes: Shapes, other: falcon.asgi.Request) -> None:
    """Everything that changes the answer tells requests apart."""
    assert shapes.of(request("/db/films", "id=eq.1")).form is not shapes.of(other).form


def test_shapes_that_were_not_used_are_forgotten(shapes: Shapes) -> None:
    """So many are kept as the limit says, those used last."""
    used = shapes.of(request("/db/films", "c0=eq.0")).form
    for number in range(1, 10):
        shapes.of(request("/db/films", f"c{number}=eq.0"))
        assert shapes.of(request("/db/films", "c0=eq.0")).form is used
    for number in range(10, 14):
        shapes.of(request("/db/films", f"c{number}=eq.0"))
    assert shapes.of(request("/db/films", "c0=eq.0")).form is not used


def test_a_long_request_is_not_kept(shapes: Shapes) -> None:
    """Memory is for requests that come again."""
    query = "id=in.(" + ",".join(map(str, range(2_000))) + ")"
    assert shapes.of(request("/db/films", query)).form is not shapes.of(request("/db/films", query)).form


def test_a_bad_request_is_refused_every_time(shapes: Shapes) -> None:
    """An error is never kept as an answer."""
    for _ in range(2):
        with pytest.raises(InvalidFilter):
            shapes.of(request("/db/films", "id=1"))


@pytest.mark.parametrize(
    ("query", "headers", "page"),
    (
        pytest.param("", {}, (0, 100), id="the whole table up to the limit"),
        pytest.param("limit=5", {}, (0, 5), id="limit"),
        pytest.param("limit=500&offset=7", {}, (7, 500), id="a limit beyond a page"),
        pytest.param("offset=3", {"Range": "0-9"}, (3, 7), id="range and offset"),
        pytest.param("", {"Accept": "application/vnd.pgrst.object+json"}, (0, 2), id="one object"),
    ),
)
def test_a_read_is_a_page(shapes: Shapes, query: str, headers: dict[str, str], page: tuple[int, int]) -> None:
    """Without a limit it has the rows of a page; to see that a row is not the only one, two are enough."""
    shape: Shape = shapes.of(request("/db/films", query, **headers))
    select = shape.select()
    assert (select.offset, select.limit) == page
