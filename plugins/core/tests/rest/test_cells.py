"""Cells as files: bytes with their media type, in whole and in part."""

from typing import TYPE_CHECKING

import pytest

from synthdb_host.catalog import Column, ColumnType
from synthdb_host.operations import CreateTable, Insert

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TABLE = {"id": "integer", "picture": "bytes", "picture_media_type": "text", "raw": "bytes", "note": "text",
         "data": "json", "price": "decimal(6,2)"}  # fmt: skip


@pytest.fixture
def files(empty: "Api") -> "Api":
    """A table with a row of files and an empty one."""
    empty.define(CreateTable("files", tuple(Column(n, ColumnType.parse(t)) for n, t in TABLE.items()), key=("id",)))
    first = {"id": 1, "picture": PNG, "picture_media_type": "image/png", "raw": b"<script>", "note": "naïve",
             "data": {"a": [1.5, None]}, "price": "19.90"}  # fmt: skip
    empty.execute(Insert.of("files", [first, {"id": 2, **dict.fromkeys(list(TABLE)[1:])}]))
    return empty


def put(api: "Api", path: str, body: bytes, media_type: str = "image/png", **headers: str) -> "Answer":
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("PUT", path, body, {"Content-Type": media_type, **sent})


def _outcome(answer: "Answer") -> tuple[int, bytes]:
    return answer.status, answer.body


def _refusal(answer: "Answer") -> tuple[int, str]:
    return answer.status, answer.code


@pytest.mark.parametrize(
    ("column", "media_type", "body", "kind"),
    [
        ("picture", "image/png", PNG, "inline"),
        ("raw", "application/octet-stream", b"<script>", "attachment"),
        ("note", "text/plain; charset=utf-8", "naïve".encode(), "inline"),
        ("data", "application/json", b'{"a":[1.5,null]}', "inline"),
        ("price", "text/plain; charset=utf-8", b"19.90", "inline"),
    ],
)
def test_a_cell_is_a_file(files: "Api", column: str, media_type: str, body: bytes, kind: str) -> None:
    """With the media type that stands beside it, else that of its column; nothing in it is run."""
    answer = files.get(f"/files/1/{column}")

    assert (200, media_type, body) == (answer.status, answer.headers["content-type"], answer.body)
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert answer.headers["content-disposition"].startswith(f"{kind}; filename*=UTF-8''files-1-{column}")
    assert "default-src 'none'; sandbox" == answer.headers["content-security-policy"]
    assert b"" == files.send("HEAD", f"/files/1/{column}").body


@pytest.mark.parametrize(
    ("span", "status", "content_range", "body"),
    [
        ("bytes=0-3", 206, "bytes 0-3/264", PNG[:4]),
        ("bytes=260-", 206, "bytes 260-263/264", PNG[260:]),
        ("bytes=260-9999", 206, "bytes 260-263/264", PNG[260:]),
        ("bytes=-4", 206, "bytes 260-263/264", PNG[-4:]),
        ("bytes=-9999", 206, "bytes 0-263/264", PNG),
        ("bytes=264-", 416, "bytes */264", None),
        ("bytes=5-3", 416, "bytes */264", None),
        ("bytes=-0", 416, "bytes */264", None),
        ("bytes=0-1,3-4", 200, None, PNG),
        ("lines=0-1", 200, None, PNG),
        ("bytes=x", 200, None, PNG),
    ],
)
def test_a_part_can_be_asked_for(
    files: "Api", span: str, status: int, content_range: str | None, body: bytes | None
) -> None:
    """RFC 9110: one range of bytes; several, and other units, are answered with the whole."""
    answer = files.get("/files/1/picture", Range=span)

    assert (status, content_range) == (answer.status, answer.headers.get("content-range"))
    assert body is None or body == answer.body


def test_a_part_of_another_version_is_not_given(files: "Api") -> None:
    """If-Range gives the whole when the tag is an old one."""
    tag = files.get("/files/1/picture").headers["etag"]

    assert 206 == files.get("/files/1/picture", Range="bytes=0-3", If_Range=tag).status
    put(files, "/files/1/picture", b"new")
    assert (200, b"new") == _outcome(files.get("/files/1/picture", Range="bytes=0-1", If_Range=tag))


def test_a_body_is_put_into_a_cell(files: "Api") -> None:
    """Its media type is kept beside it; what was known of the old content is old."""
    tag = files.get("/files/1/picture").headers["etag"]
    assert (304, b"") == _outcome(files.get("/files/1/picture", If_None_Match=tag))

    assert 204 == put(files, "/files/1/picture", b"GIF89a", "image/gif").status
    answer = files.get("/files/1/picture", If_None_Match=tag)

    assert (200, "image/gif", b"GIF89a") == (answer.status, answer.headers["content-type"], answer.body)
    assert [{"picture_media_type": "image/gif"}] == files.rows("/files?id=eq.1&select=picture_media_type")


@pytest.mark.parametrize(
    ("column", "body", "found"),
    [("note", "né".encode(), "né"), ("data", b'{"n":1}', {"n": 1}), ("price", b"1.5", 1.5)],
)
def test_a_cell_of_any_type_can_be_put(files: "Api", column: str, body: bytes, found: object) -> None:
    """As the text or the JSON of its value."""
    assert 204 == put(files, f"/files/2/{column}", body, "text/plain").status
    assert [{column: found}] == files.rows(f"/files?id=eq.2&select={column}")


@pytest.mark.parametrize(
    ("column", "body", "code"),
    [("note", b"\xff", "invalid_body"), ("data", b"{", "invalid_body"), ("price", b"dear", "invalid_value")],
)
def test_a_body_that_is_no_value_is_refused(files: "Api", column: str, body: bytes, code: str) -> None:
    """And nothing is changed."""
    answer = put(files, f"/files/1/{column}", body, "text/plain")

    assert (400, code) == (answer.status, answer.code)
    assert 200 == files.get(f"/files/1/{column}").status


def test_deleting_a_cell_makes_it_null(files: "Api") -> None:
    """The row stays; an empty cell is not found."""
    assert 204 == files.send("DELETE", "/files/1/picture").status
    assert (404, "not_found") == _refusal(files.get("/files/1/picture"))
    assert [{"picture": None, "picture_media_type": None, "note": "naïve"}] == files.rows(
        "/files?id=eq.1&select=picture,picture_media_type,note"
    )


def test_a_condition_guards_a_cell(files: "Api") -> None:
    """If-Match and If-None-Match are checked inside the write."""
    tag = files.get("/files/1/picture").headers["etag"]

    assert (412, "precondition_failed") == _refusal(put(files, "/files/1/picture", b"x", If_Match='"other"'))
    assert 412 == put(files, "/files/1/picture", b"x", If_None_Match="*").status
    assert 412 == put(files, "/files/2/picture", b"x", If_Match="*").status
    assert 204 == put(files, "/files/2/picture", b"x", If_None_Match="*").status
    assert 204 == put(files, "/files/1/picture", b"x", If_Match=tag).status
    assert 412 == files.send("DELETE", "/files/1/picture", headers={"If-Match": tag}).status


@pytest.mark.parametrize("text", [b'{"a":[1.50,9007199254740993]}', b'"text"', b"0.1"])
def test_json_keeps_its_digits_and_can_be_guarded(files: "Api", text: bytes) -> None:
    """The bytes are those that the row has in JSON."""
    assert 204 == put(files, "/files/1/data", text, "application/json").status
    answer = files.get("/files/1/data")
    row = files.get("/files/1?select=data").body

    assert row == b'{"data":' + answer.body + b"}"
    assert 204 == put(files, "/files/1/data", b"1", "application/json", If_Match=answer.headers["etag"]).status


@pytest.mark.parametrize(
    "path", ["/files/9/picture", "/files/1/nothing", "/nothing/1/picture", "/files/1/picture/x", "/files/1//picture"]
)
def test_what_is_not_there_is_not_found(files: "Api", path: str) -> None:
    """For reading and for writing."""
    for method in ("GET", "DELETE"):
        assert files.send(method, path).status in (400, 404)


def test_the_methods_of_a_cell_are_its_own(files: "Api") -> None:
    """OPTIONS says them, and so does what refuses others."""
    assert "GET, HEAD, PUT, DELETE, OPTIONS" == files.send("OPTIONS", "/files/1/picture").headers["allow"]
    assert "PATCH" in files.send("OPTIONS", "/files/1").headers["allow"]
    for method in ("PATCH", "POST"):
        refused = files.send(method, "/files/1/picture", b"{}", {"Content-Type": "application/json"})
        assert (405, "method_not_allowed") == (refused.status, refused.code)
        assert "GET, HEAD, PUT, DELETE, OPTIONS" == refused.headers["allow"]


def test_a_dry_run_changes_no_cell(files: "Api") -> None:
    """As for rows."""
    answer = put(files, "/files/1/picture", b"x", Prefer="tx=rollback")

    assert (204, "tx=rollback") == (answer.status, answer.headers["preference-applied"])
    assert PNG == files.get("/files/1/picture").body


def test_cells_of_branches_and_of_the_past(branched: "Api") -> None:
    """A branch has its own; the past is read only."""
    raw = branched.raw
    assert 204 == raw("PUT", "/rest/v1/db@dev/films/1/title", "", b"Cut", {"Content-Type": "text/plain"}).status
    assert b"Cut" == raw("GET", "/rest/v1/db@dev/films/1/title", "", None, {}).body
    assert b"Alien" == raw("GET", "/rest/v1/db@v1/films/1/title", "", None, {}).body
    assert b"Alien" == branched.get("/films/1/title").body
    refused = raw("PUT", "/rest/v1/db@v1/films/1/title", "", b"x", {"Content-Type": "text/plain"})
    assert (403, "read_only") == (refused.status, refused.code)


def test_a_key_of_several_columns_has_cells_too(branched: "Api") -> None:
    """With commas, as the row."""
    assert b"100" == branched.get("/roles/1,Sigourney/fee").body
