"""REST and plain SQLite agree: random tables and rows, and random filters, orders, pages and aggregates of them."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.plugin import plugin as core
from synthdb_host.testing.hosting import ApiClient, build_host
from tests.integration.conftest import IS_LONG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600 if IS_LONG else 300)]

_TEXTS: Final = st.text("abAB ,.()\"\\%_:é*'", max_size=4)
_VALUES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "integer": st.one_of(st.integers(-3, 3), st.sampled_from((2**53 + 1, -(2**63)))),
    "real": st.integers(-4, 4).map(lambda n: n / 2),
    "text": _TEXTS,
    "boolean": st.booleans(),
}
_SQL_TYPES: Final = {"integer": "INTEGER", "real": "REAL", "text": "TEXT", "boolean": "INTEGER"}
_NAMES: Final = st.text("abcXé _-.:()\",'", min_size=1, max_size=6).filter(
    lambda name: name == name.strip() and not name.startswith("_")
)
_COMPARING: Final = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its rows; every table has an ``id`` beside the columns."""

    name: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as REST writes it in a group, as a parameter of its own, and as SQL with its values."""

    group: str
    parameter: tuple[str, str]
    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A request's query string, and the SQL that asks the same; ``types`` are those of the columns asked for."""

    query: str
    sql: str
    values: tuple[Any, ...]
    types: tuple[str | None, ...]


# -- tables ----------------------------------------------------------------------------------------------


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table."""
    names = draw(
        st.lists(_NAMES.filter(lambda n: n.casefold() != "id"), min_size=1, max_size=4, unique_by=str.casefold)
    )
    columns = {name: draw(st.sampled_from(sorted(_VALUES))) for name in names}
    row = st.fixed_dictionaries({name: st.none() | _VALUES[kind] for name, kind in columns.items()})
    return Table(draw(_NAMES), columns, draw(st.lists(row, max_size=12)))


@contextmanager
def served(table: Table) -> Iterator[tuple[ApiClient, sqlite3.Connection]]:
    """Serve the table, and hold it in memory."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(":memory:")) as known:
        host = build_host(Path(folder), {"core": core()}, databases={"db": f"sqlite:///{folder}/db.db"})
        with ApiClient(host) as client:
            described = [{"name": "id", "type": "integer"}]
            described += [{"name": name, "type": kind} for name, kind in table.columns.items()]
            body = {"name": table.name, "columns": described, "key": ["id"], "mode": "strict"}
            assert 201 == _post(client, "/meta/v1/db/schema/tables", body)
            rows = [
                {"id": number, **{name: row[name] for name in table.columns}}
                for number, row in enumerate(table.rows, start=1)
            ]
            assert 201 == _post(client, _address(table), rows)
            _fill(known, table, rows)
            yield client, known


def _post(client: ApiClient, path: str, body: object) -> int:
    headers = {"Content-Type": "application/json"}
    return client.request("POST", path, body=msgspec.json.encode(body), headers=headers).status_code


def _address(table: Table) -> str:
    return f"/rest/v1/db/{quote(table.name, safe='')}"


def _fill(known: sqlite3.Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [f"{_sql_name(name)} {_SQL_TYPES[kind]}" for name, kind in table.columns.items()]
    known.execute("PRAGMA case_sensitive_like = ON")
    known.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {', '.join(columns)})")
    marks = ", ".join("?" * (len(columns) + 1))
    known.executemany(f"INSERT INTO t VALUES ({marks})", [tuple(row.values()) for row in rows])


def _sql_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- conditions ------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def comparisons(draw: st.DrawFn, table: Table) -> Condition:
    """Draw a condition on one column."""
    name = draw(st.sampled_from(sorted(table.columns)))
    kind, column = table.columns[name], _sql_name(name)
    choices = ["compare", "in", "is", *(["like"] if kind == "text" else [])]
    operator, text, quoted, sql, values = draw(_COMPARED[draw(st.sampled_from(choices))](kind, column))
    negated = draw(st.booleans())
    written = f"{'not.' if negated else ''}{operator}."
    return Condition(
        f"{_quoted(name)}.{written}{quoted}",
        (_quoted(name), written + text),
        f"NOT ({sql})" if negated else sql,
        values,
    )


_Compared = tuple[str, str, str, str, tuple[Any, ...]]
"""The operator, its value as a parameter and in a group, and the SQL with its values."""


@st.composite
def _compare(draw: st.DrawFn, kind: str, column: str) -> _Compared:
    operator, value = draw(st.sampled_from(sorted(_COMPARING))), draw(_VALUES[kind])
    text = _written(value)
    return operator, text, _quoted(text), f"{column} {_COMPARING[operator]} ?", (value,)


@st.composite
def _in(draw: st.DrawFn, kind: str, column: str) -> _Compared:
    values = draw(st.lists(_VALUES[kind], min_size=1, max_size=3))
    text = "(" + ",".join(_quoted(_written(value)) for value in values) + ")"
    return "in", text, text, f"{column} IN ({', '.join('?' * len(values))})", tuple(values)


@st.composite
def _is(draw: st.DrawFn, kind: str, column: str) -> _Compared:
    word = draw(st.sampled_from(["null", "not_null", *(["true", "false", "unknown"] if kind == "boolean" else [])]))
    tests = {"null": "IS NULL", "not_null": "IS NOT NULL", "true": "IS 1", "false": "IS 0", "unknown": "IS NULL"}
    return "is", word, word, f"{column} {tests[word]}", ()


@st.composite
def _like(draw: st.DrawFn, kind: str, column: str) -> _Compared:
    pattern = draw(st.text("abAB%_é", max_size=4))
    operator = draw(st.sampled_from(["like", "ilike"]))
    sql = f"{column} LIKE ?" if operator == "like" else f"lower({column}) LIKE lower(?)"
    return operator, pattern, _quoted(pattern), sql, (pattern,)


_COMPARED: Final[Mapping[str, Any]] = {"compare": _compare, "in": _in, "is": _is, "like": _like}


def conditions(table: Table) -> st.SearchStrategy[Condition]:
    """Draw a condition, or a tree of them."""
    return st.recursive(comparisons(table), _groups, max_leaves=5)


@st.composite
def _groups(draw: st.DrawFn, inner: st.SearchStrategy[Condition]) -> Condition:
    word, negated = draw(st.sampled_from(["and", "or"])), draw(st.booleans())
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    listed = "(" + ",".join(part.group for part in parts) + ")"
    joined = f" {word.upper()} ".join(f"({part.sql})" for part in parts)
    name = f"not.{word}" if negated else word
    values = tuple(value for part in parts for value in part.values)
    return Condition(f"{name}{listed}", (name, listed), f"NOT ({joined})" if negated else joined, values)


# -- questions -------------------------------------------------------------------------------------------


@st.composite
def questions(draw: st.DrawFn, table: Table) -> Question:
    """Draw a list of rows, or of groups."""
    found = draw(st.lists(conditions(table), max_size=2))
    parameters = [condition.parameter for condition in found]
    where = " AND ".join(f"({condition.sql})" for condition in found) or "1"
    values = tuple(value for condition in found for value in condition.values)
    chosen = draw(_grouped(table) if draw(st.booleans()) else _listed(table))
    select, order, page, sql, types = chosen
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in (*parameters, *select, *order, *page))
    return Question(query, sql.replace("WHERE", f"WHERE {where}"), values, types)


def _encoded(text: str) -> str:
    return quote(text, safe="")


@st.composite
def _listed(draw: st.DrawFn, table: Table) -> Any:
    some = st.lists(st.sampled_from(sorted(table.columns)), unique=True)
    names, by = draw(some), [(name, draw(st.sampled_from(["asc", "desc"]))) for name in draw(some)]
    limit, offset = draw(st.none() | st.integers(0, 8)), draw(st.none() | st.integers(0, 4))
    page = [("limit", str(limit))] * (limit is not None) + [("offset", str(offset))] * (offset is not None)
    columns = ", ".join(["id", *map(_sql_name, names)])
    orders = ", ".join([*(f"{_sql_name(n)} {way} NULLS {'LAST' if way == 'asc' else 'FIRST'}" for n, way in by), "id"])
    sql = f"SELECT {columns} FROM t WHERE ORDER BY {orders} LIMIT {-1 if limit is None else limit} OFFSET {offset or 0}"
    select = [("select", ",".join(["id", *map(_quoted, names)]))]
    order = [("order", ",".join([*(f"{_quoted(name)}.{way}" for name, way in by), "id"]))]
    return select, order, page, sql, (None, *(table.columns[name] for name in names))


@st.composite
def _grouped(draw: st.DrawFn, table: Table) -> Any:
    names = draw(st.lists(st.sampled_from(sorted(table.columns)), unique=True, max_size=2))
    numeric = [name for name, kind in table.columns.items() if kind == "real"]
    outputs = [("n:count()", "count(*)", None)]
    for name in draw(st.lists(st.sampled_from(sorted(table.columns)), unique=True, max_size=2)):
        kind = table.columns[name]
        functions = ["count", "min", "max"] if kind != "boolean" else ["count"]
        function = draw(st.sampled_from([*functions, *(["sum", "avg"] if name in numeric else [])]))
        alias = f"x{len(outputs)}"
        outputs.append((f"{alias}:{_quoted(name)}.{function}()", f"{function}({_sql_name(name)})", None))
    columns = [*map(_sql_name, names), *(sql for _, sql, _ in outputs)]
    group = f" GROUP BY {', '.join(map(_sql_name, names))}" if names else ""
    orders = f" ORDER BY {', '.join(f'{_sql_name(name)} NULLS LAST' for name in names)}" if names else ""
    select = [("select", ",".join([*map(_quoted, names), *(text for text, _, _ in outputs)]))]
    order = [("order", ",".join(map(_quoted, names)))] * bool(names)
    types = (*(table.columns[name] for name in names), *(kind for _, _, kind in outputs))
    return select, order, [], f"SELECT {', '.join(columns)} FROM t WHERE{group}{orders}", types


# -- the law ---------------------------------------------------------------------------------------------


@settings(
    max_examples=1_000 if IS_LONG else 40,
    deadline=None,
    derandomize=not IS_LONG,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_rest_and_sqlite_agree(data: st.DataObject) -> None:
    """Whatever is asked of whatever table, the rows and their order are the same."""
    table = data.draw(tables())
    with served(table) as (client, known):
        for question in data.draw(st.lists(questions(table), min_size=1, max_size=8)):
            answer = client.request("GET", _address(table), query_string=question.query)
            assert 200 == answer.status_code, (question, answer.text)
            found = [tuple(row.values()) for row in msgspec.json.decode(answer.content)]
            assert _expected(known, question) == found, question


def _expected(known: sqlite3.Connection, question: Question) -> list[tuple[Any, ...]]:
    rows = known.execute(question.sql, question.values).fetchall()
    return [tuple(_typed(cell, kind) for cell, kind in zip(row, question.types, strict=True)) for row in rows]


def _typed(cell: Any, kind: str | None) -> Any:
    return bool(cell) if kind == "boolean" and cell is not None else cell
