"""What comes before the query: paths, refs, Prefer, Range and Accept."""

import pytest

from synthdb.rest.address import Address, parse_address, parse_ref
from synthdb.rest.media import media_types
from synthdb.rest.preferences import NO_PREFERENCES, Preferences, parse_preferences
from synthdb.rest.ranges import Window, content_range, page_status, parse_range
from synthdb.rest.representation import Representations
from synthdb_host.errors import InvalidParameter, InvalidPreference, NotAcceptable, NotFound, RangeNotSatisfiable
from synthdb_host.operations import HEAD, Ref


@pytest.mark.parametrize(
    ("path", "expected"),
    (
        pytest.param("/rest/v1/db", Address("db"), id="database"),
        pytest.param("/rest/v1/db/", Address("db"), id="trailing slash"),
        pytest.param("/rest/v1/db/films", Address("db", HEAD, "films"), id="table"),
        pytest.param("/rest/v1/db/films/", Address("db", HEAD, "films"), id="table with a trailing slash"),
        pytest.param("/rest/v1/db/my%20films", Address("db", HEAD, "my films"), id="encoded table"),
        pytest.param("/rest/v1/db/a%2Fb", Address("db", HEAD, "a/b"), id="a slash in a table's name"),
        pytest.param("/rest/v1/db/films/1", Address("db", HEAD, "films", ("1",)), id="key"),
        pytest.param("/rest/v1/db/films/1,a", Address("db", HEAD, "films", ("1", "a")), id="composite key"),
        pytest.param("/rest/v1/db/films/a%2Cb,c", Address("db", HEAD, "films", ("a,b", "c")), id="a comma in a key"),
        pytest.param("/rest/v1/db/films/a%2Fb", Address("db", HEAD, "films", ("a/b",)), id="a slash in a key"),
        pytest.param("/rest/v1/db/films/a/b", Address("db", HEAD, "films", ("a/b",)), id="a bare slash in a key"),
        pytest.param("/rest/v1/db/films/a+b", Address("db", HEAD, "films", ("a+b",)), id="a plus is a plus"),
        pytest.param("/rest/v1/db@dev/films", Address("db", Ref("dev"), "films"), id="branch"),
        pytest.param("/rest/v1/db%40dev/films", Address("db", Ref("dev"), "films"), id="encoded at sign"),
        pytest.param("/rest/v1/db@0a1b/films", Address("db", Ref("0a1b"), "films"), id="commit"),
        pytest.param(
            "/rest/v1/db@dev@2026-01-02T03:04:05Z/films",
            Address("db", Ref("dev", "2026-01-02T03:04:05Z"), "films"),
            id="branch at a time",
        ),
    ),
)
def test_a_path_names_database_ref_table_and_key(path: str, expected: Address) -> None:
    """Each part is percent-decoded once, after the path was split."""
    assert parse_address(path, "/rest/v1", None) == expected


@pytest.mark.parametrize("path", ("/rest%2Fv1%2Fdb", "/rest%2Fv1/x/db/films", "//rest/v1/db/films", "/%72est/v1/db"))
def test_a_mount_that_is_not_written_as_it_is_leads_nowhere(path: str) -> None:
    """The path that was routed and the path that is read must not differ in where the database begins."""
    with pytest.raises(NotFound):
        parse_address(path, "/rest/v1", None)


def test_an_address_without_a_database_leads_nowhere() -> None:
    """The bare mount with a slash is not found, and the answer says what is missing."""
    with pytest.raises(NotFound) as caught:
        parse_address("/rest/v1/", "/rest/v1", None)

    assert "Name a database: /rest/v1/DATABASE." == caught.value.hint


@pytest.mark.parametrize("text", ("", "@", "dev@", "-x", "a b", "a/b", "a~b", "x" * 101, "dev@a@b"))
def test_a_malformed_ref_is_refused(text: str) -> None:
    """What is neither branch nor commit nor moment never reaches a storage."""
    with pytest.raises(InvalidParameter):
        parse_ref(text)


@pytest.mark.parametrize(
    ("path", "profile", "expected"),
    (
        pytest.param("/db/t", "dev", Ref("dev"), id="profile alone"),
        pytest.param("/db@dev/t", "dev", Ref("dev"), id="both the same"),
        pytest.param("/db@dev/t", "public", Ref("dev"), id="a client's default profile"),
        pytest.param("/db/t", "public", HEAD, id="the default profile alone"),
    ),
)
def test_a_profile_names_a_branch(path: str, profile: str, expected: Ref) -> None:
    """Clients that know schemas choose a branch with them; the address has the last word."""
    assert parse_address(path, "", profile).ref == expected


@pytest.mark.parametrize(
    ("path", "profile"), (("/db@dev/t", "main"), ("/db/t", "a b"), ("/db/t", ""), ("/db%zz/t", None))
)
def test_a_contradicting_or_malformed_address_is_refused(path: str, profile: str | None) -> None:
    """Two different branches in one request are an error, as is bad percent-encoding."""
    with pytest.raises(InvalidParameter):
        parse_address(path, "", profile)


# -- Prefer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    (
        pytest.param(None, NO_PREFERENCES, id="no header"),
        pytest.param("", NO_PREFERENCES, id="empty"),
        pytest.param(
            "return=representation", Preferences("representation", applied="return=representation"), id="return"
        ),
        pytest.param(
            "return=minimal, resolution=merge-duplicates,missing=default,count=exact",
            Preferences(
                "minimal",
                "merge-duplicates",
                "default",
                "exact",
                applied="return=minimal, resolution=merge-duplicates, missing=default, count=exact",
            ),
            id="several",
        ),
        pytest.param("tx=rollback", Preferences(rollback=True, applied="tx=rollback"), id="dry run"),
        pytest.param("max-affected=5", Preferences(max_affected=5, applied="max-affected=5"), id="max-affected"),
        pytest.param("full-table=allow", Preferences(full_table=True, applied="full-table=allow"), id="full table"),
        pytest.param(
            "count=exact, count=planned", Preferences(count="exact", applied="count=exact"), id="the first counts"
        ),
        pytest.param(
            'return="representation"', Preferences("representation", applied="return=representation"), id="quoted"
        ),
        pytest.param("RETURN=minimal", Preferences(applied="return=minimal"), id="capitals"),
        pytest.param("return=everything, wait=10, foo", NO_PREFERENCES, id="unknown ones are ignored"),
        pytest.param("max-affected=-1", NO_PREFERENCES, id="a bad number is ignored"),
        pytest.param("handling=lenient, foo", Preferences(applied="handling=lenient"), id="lenient"),
    ),
)
def test_preferences_are_read_and_echoed(header: str | None, expected: Preferences) -> None:
    """Known preferences are honoured and named in Preference-Applied, others ignored."""
    assert parse_preferences(header) == expected


def test_strict_handling_refuses_what_it_does_not_know() -> None:
    """With handling=strict an unknown preference is an error that lists it."""
    with pytest.raises(InvalidPreference) as caught:
        parse_preferences("handling=strict, foo=bar, count=guess")
    assert caught.value.data == {"invalid": ["foo=bar", "count=guess"]}


# -- Range -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "unit", "expected"),
    (
        pytest.param(None, None, Window(), id="none"),
        pytest.param("0-9", None, Window(0, 10), id="span"),
        pytest.param("0-9", "items", Window(0, 10), id="span of items"),
        pytest.param("items=5-5", None, Window(5, 1), id="unit in the value"),
        pytest.param("10-", None, Window(10), id="open end"),
        pytest.param("bytes=0-99", None, Window(), id="bytes are ignored"),
        pytest.param("0-9", "bytes", Window(), id="another unit is ignored"),
    ),
)
def test_a_range_is_counted_in_items(header: str | None, unit: str | None, expected: Window) -> None:
    """Ranges of rows are read, those of other units ignored."""
    assert parse_range(header, unit) == expected


@pytest.mark.parametrize("header", ("a-b", "-5", "5", "1-2,3-4", "items=", "1 - 2", "99999999999999999999-"))
def test_a_malformed_range_is_refused(header: str) -> None:
    """A range that cannot be read is an error, not the whole table."""
    with pytest.raises(InvalidParameter):
        parse_range(header, None)


def test_a_reversed_range_cannot_be_satisfied() -> None:
    """A range that ends before it begins has no rows."""
    with pytest.raises(RangeNotSatisfiable):
        parse_range("9-0", None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    (
        (Window(), Window(), Window()),
        (Window(5, 10), Window(), Window(5, 10)),
        (Window(0, 10), Window(5, 10), Window(5, 5)),
        (Window(0, 5), Window(10, 5), Window(10, 0)),
        (Window(3), Window(0, 10), Window(3, 7)),
    ),
)
def test_limit_and_range_are_intersected(one: Window, other: Window, expected: Window) -> None:
    """Only rows that both a Range header and limit and offset mean are given."""
    assert one.within(other) == other.within(one) == expected


@pytest.mark.parametrize(
    ("offset", "rows", "total", "header", "status"),
    (
        (0, 5, None, "0-4/*", 200),
        (0, 0, None, "*/*", 200),
        (0, 5, 5, "0-4/5", 200),
        (2, 3, 9, "2-4/9", 206),
        (0, 0, 0, "*/0", 200),
        (9, 0, 9, "*/9", 206),
    ),
)
def test_a_page_says_where_it_is(offset: int, rows: int, total: int | None, header: str, status: int) -> None:
    """Content-Range gives place and total; 206 says that there is more."""
    assert content_range(offset, rows, total) == header
    assert int(page_status(offset, rows, total)[:3]) == status


def test_a_page_behind_the_end_cannot_be_satisfied() -> None:
    """With a known total a page behind it is 416."""
    with pytest.raises(RangeNotSatisfiable):
        page_status(10, 0, 9)


# -- Accept ----------------------------------------------------------------------------------------------

FORMS = Representations(media_types())


@pytest.mark.parametrize(
    ("header", "expected"),
    (
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0, */*", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/x-ndjson", "application/x-ndjson; charset=utf-8"),
        ("application/vnd.pgrst.object+json", "application/vnd.pgrst.object+json"),
        ("application/vnd.pgrst.object", "application/vnd.pgrst.object+json"),
        ("application/vnd.pgrst.array+json", "application/vnd.pgrst.array+json"),
        (
            "application/vnd.pgrst.array+json;nulls=stripped",
            "application/vnd.pgrst.array+json;nulls=stripped",
        ),
    ),
)
def test_the_most_wanted_form_is_chosen(header: str | None, expected: str) -> None:
    """Quality decides, then the order in the header; a parameter does not hide a type."""
    assert FORMS.choose(header).content_type == expected


@pytest.mark.parametrize(
    "header", ("image/png", "application/json;q=0", "application/vnd.pgrst.plan+json", ",", "x", "a/b;q=z")
)
def test_what_cannot_be_written_is_refused(header: str) -> None:
    """Nothing acceptable is 406, before anything is done."""
    with pytest.raises(NotAcceptable):
        FORMS.choose(header)
