"""Arrow and Parquet: every type, every NULL, every digit."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # pyarrow ships no types
import pytest

from synthdb.rest.media import media_types
from synthdb.rest.representation import Representations
from synthdb_host.catalog import Column, ColumnType, ForeignKey
from synthdb_host.errors import NotAcceptable
from synthdb_host.operations import CreateTable, Insert

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
FORMS = [pytest.param(ARROW, id="Arrow"), pytest.param(PARQUET, id="Parquet")]

LARGE = 2**53 + 1
KINDS: dict[str, tuple[str, pa.DataType, object]] = {
    "integer": ("integer", pa.int64(), LARGE),
    "least": ("integer", pa.int64(), -(2**63)),
    "real": ("real", pa.float64(), 0.1),
    "price": ("decimal(12,2)", pa.decimal128(12, 2), Decimal("-1234567890.10")),
    "wide": ("decimal(38,10)", pa.decimal128(38, 10), Decimal("1234567890123456789012345678.0123456789")),
    "wider": ("decimal(60,5)", pa.decimal256(60, 5), Decimal("1" * 55 + ".00001")),
    "widest": ("decimal(100,1)", pa.string(), Decimal("9" * 99 + ".5")),
    "truth": ("boolean", pa.bool_(), True),
    "day": ("date", pa.date32(), date(1969, 7, 20)),
    "moment": ("timestamp", pa.timestamp("us", tz="UTC"), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
    "word": ("text", pa.string(), 'naïve "= 雪'),
    "id16": ("uuid", pa.string(), "01890a5d-ac96-774b-bcce-b302099a8057"),
    "doc": ("json", pa.string(), {"n": LARGE, "t": [None, "x"]}),
    "raw": ("bytes", pa.binary(), b"\0\xff"),
}


def read(body: bytes, form: str) -> pa.Table:
    """Read an answer as its users do."""
    if form == ARROW:
        return pa.ipc.open_stream(body).read_all()
    return pq.read_table(io.BytesIO(body))


@pytest.fixture
def kinds(empty: "Api") -> "Api":
    """One table with a column of each type: a row of values and a row of NULLs."""
    columns = tuple(Column(name, ColumnType.parse(kind)) for name, (kind, _, _) in KINDS.items())
    empty.define(CreateTable("kinds", (Column("id", ColumnType("integer")), *columns), key=("id",)))
    values = {name: value for name, (_, _, value) in KINDS.items()}
    empty.execute(Insert.of("kinds", [{"id": 1, **values}, {"id": 2, **dict.fromkeys(values)}]))
    return empty


@pytest.mark.parametrize("form", FORMS)
def test_every_type_arrives_as_it_is(kinds: "Api", form: str) -> None:
    """With its NULLs; what has no type in Arrow is text that says what it is."""
    answer = kinds.get("/kinds?order=id", Accept=form)
    table = read(answer.body, form)
    first, second = table.to_pylist()

    assert (200, form) == (answer.status, answer.headers["content-type"])
    assert {"id": pa.int64(), **{name: kind for name, (_, kind, _) in KINDS.items()}} == dict(
        zip(table.schema.names, table.schema.types, strict=True)
    )
    texts = {"doc": msgspec.json.encode(KINDS["doc"][2]).decode(), "widest": str(KINDS["widest"][2])}
    assert {"id": 1, **{name: value for name, (_, _, value) in KINDS.items()}, **texts} == first
    assert {"id": 2, **dict.fromkeys(KINDS)} == second
    assert [b"json", b"uuid", b"decimal(100,1)"] == [
        table.schema.field(name).metadata[b"synthdb.type"] for name in ("doc", "id16", "widest")
    ]


@pytest.mark.parametrize("form", FORMS)
def test_related_rows_are_structs_and_lists(empty: "Api", form: str) -> None:
    """To-one may be NULL, to-many may be empty."""
    fee = Column("fee", ColumnType("decimal", 4, 2))
    key, by = Column("id", ColumnType("integer")), Column("by", ColumnType("integer"))
    empty.define(
        CreateTable("people", (key, Column("name", ColumnType("text"))), key=("id",)),
        CreateTable(
            "films",
            (key, fee, by),
            key=("id",),
            foreign_keys=(ForeignKey("films_by", ("by",), "people", ("id",)),),
        ),
    )
    empty.execute(Insert.of("people", [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]))
    empty.execute(Insert.of("films", [{"id": 1, "fee": "1.50", "by": 1}, {"id": 2, "fee": None, "by": None}]))

    def rows(path: str) -> Any:
        return read(empty.get(path, Accept=form).body, form).to_pylist()

    one = [{"id": 1, "people": {"name": "A"}}, {"id": 2, "people": None}]
    many = [{"name": "A", "films": [{"fee": Decimal("1.50")}]}, {"name": "B", "films": []}]
    assert one == rows("/films?select=id,people(name)&order=id")
    assert many == rows("/people?select=name,films(fee)&order=id")


@pytest.mark.parametrize("form", FORMS)
def test_no_rows_have_their_columns(kinds: "Api", form: str) -> None:
    """The schema does not depend on the rows."""
    table = read(kinds.get("/kinds?id=eq.9", Accept=form).body, form)

    assert (0, len(KINDS) + 1) == (table.num_rows, table.num_columns)


@pytest.mark.parametrize("form", FORMS)
def test_a_row_that_is_written_is_answered_in_the_same_forms(kinds: "Api", form: str) -> None:
    """As any representation."""
    headers = {"Accept": form, "Prefer": "return=representation"}
    answer = kinds.send("POST", "/kinds?select=id,word", {"id": 3, "word": "new"}, headers)

    assert (201, [{"id": 3, "word": "new"}]) == (answer.status, read(answer.body, form).to_pylist())


@pytest.mark.parametrize("form", FORMS)
def test_many_pieces_are_one_answer(limited: "Callable[..., Api]", form: str) -> None:
    """Their rows are all there, once, in order."""
    api = limited(max_rows=100)
    rows = [{"id": number, "word": "w" * (number % 50)} for number in range(9_001)]
    api.execute(Insert.of("numbers", rows))
    answer = api.get("/numbers", Accept=form)

    assert answer.headers.get("content-length") is None
    assert rows == read(answer.body, form).to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_a_sum_that_no_integer_holds_is_refused(empty: "Api", form: str) -> None:
    """And is text where it is asked for as text; no digit is lost in silence."""
    empty.execute(Insert.of("large", [{"id": number, "value": 2**62} for number in range(4)]))
    refused = empty.get("/large?select=value.sum()", Accept=form)
    as_text = read(empty.get("/large?select=value.sum()::text", Accept=form).body, form)

    assert (400, "lossy_value") == (refused.status, refused.code)
    assert [{"sum": str(2**64)}] == as_text.to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_without_pyarrow_they_are_refused_with_what_to_install(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forms that need nothing are there."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    forms = Representations(media_types())

    assert "text/csv; charset=utf-8" == forms.choose(f"{form}, text/csv;q=0.5").content_type
    with pytest.raises(NotAcceptable) as caught:
        forms.choose(form)
    assert "synthdb-core[arrow]" in str(caught.value.hint)


def test_integers_and_decimals_can_be_asked_for_as_strings(kinds: "Api") -> None:
    """For clients whose numbers are floating point; texts, booleans and reals stay what they are."""
    path = "/kinds?select=id,integer,price,real,truth&id=eq.1"
    spelled = {"id": "1", "integer": str(LARGE), "price": "-1234567890.10", "real": 0.1, "truth": True}
    answer = kinds.get(path, Prefer="int64=string")
    lines = kinds.get(path, Prefer="int64=string", Accept="application/x-ndjson")

    assert ([spelled], "int64=string") == (answer.json, answer.headers["preference-applied"])
    assert spelled == msgspec.json.decode(lines.body)
    assert spelled == kinds.get("/kinds/1?select=id,integer,price,real,truth", Prefer="int64=string").json
    assert [LARGE] == [row["integer"] for row in kinds.rows(path)]


def test_csv_has_options_for_spreadsheets(empty: "Api") -> None:
    """A byte order mark, no header, and texts that would be run as formulas."""
    rows: list[dict[str, object]] = [
        {"id": 1, "word": "=1+1", "n": -5},
        {"id": 2, "word": "@x", "n": 5},
        {"id": 3, "word": None, "n": None},
    ]
    empty.execute(Insert.of("cells", rows))

    def cells(parameters: str) -> bytes:
        return empty.get("/cells", Accept=f"text/csv{parameters}").body

    assert b"id,word,n\r\n1,=1+1,-5\r\n2,@x,5\r\n3,,\r\n" == cells("")
    assert b"1,=1+1,-5\r\n2,@x,5\r\n3,,\r\n" == cells("; header=absent")
    assert b"\xef\xbb\xbfid,word,n\r\n1,'=1+1,-5\r\n2,'@x,5\r\n3,,\r\n" == cells(";bom=present; formulas=escaped")
