"""Random operations leave the same behind in SQLite and on PostgreSQL: rows, schema, histories, differences, merges."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.core.tests.servers import schema_url
from synthdb.engine.postgresql import open_postgresql
from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement
from synthdb_host.errors import RequestError
from synthdb_host.operations import ColumnRef, Comparison, Delete, Insert, OnConflict, Operation, Ref, Select, Update
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import Session
from synthdb_host.versions import Branching, CreateBranch, Diff, History, Log, Merge

pytestmark = pytest.mark.slow

_REFS: Final = (Ref("main"), Ref("dev"))
_VALUES: Final = st.one_of(
    st.none(), st.integers(-3, 3), st.sampled_from([1.5, -0.25, True, "", "a", "Ä", "a%_", "12", [1, {"b": None}]])
)
_ROWS: Final = st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES, max_size=3)
_IDS: Final = st.integers(1, 6)


def _by_id(row_id: int) -> Comparison:
    return Comparison(ColumnRef("id"), "eq", row_id)


_REF: Final = st.sampled_from(_REFS)
_OPERATIONS: Final[st.SearchStrategy[Operation]] = st.one_of(
    st.builds(lambda rows, ref: Insert.of("t", rows, ref=ref), st.lists(_ROWS, min_size=1, max_size=3), _REF),
    st.builds(
        lambda row_id, row, ref: Insert.of("t", [{"id": row_id, **row}], ref=ref, on_conflict=OnConflict(("id",))),
        _IDS, _ROWS, _REF,
    ),
    st.builds(lambda row_id, row, ref: Update("t", row, _by_id(row_id), ref=ref), _IDS, _ROWS, _REF),
    st.builds(lambda row_id, ref: Delete("t", _by_id(row_id), ref=ref), _IDS, _REF),
    st.just(Merge(Ref("dev"))),
    st.just(Merge(Ref("main"), Ref("dev"))),
)  # fmt: skip


@contextmanager
def _both() -> Iterator[tuple[Session, Session]]:
    """The same beginning in both: a table, and a branch of it."""
    options = CoreSettings(durability="normal")
    with tempfile.TemporaryDirectory() as folder:
        file = Placement("db", f"sqlite:///{folder}/db.db", create=True)
        schema = Placement("db", schema_url(Path(folder)), create=True)
        sqlite = open_sqlite(file, EmbeddedScheduler(), options)
        postgresql = open_postgresql(schema, EmbeddedScheduler(), options)
        sessions = Session(sqlite), Session(postgresql)
        for session in sessions:
            session.insert("t", {"a": 1}, {"a": 2})
            session.execute(Branching((CreateBranch("dev"),)))
        yield sessions
        sqlite.close()
        postgresql.close()


def _answer(session: Session, operation: Operation) -> Any:
    try:
        result = session.execute(operation)
    except RequestError as error:
        return error.code
    return result.affected, result.inserted, result.commit, result.keys, result.report


def _read(session: Session, operation: Operation) -> Any:
    try:
        rows = session.execute(operation).python()
    except RequestError as error:
        return error.code
    moments = {"at", "time", "created", "committed"}
    return [{name: value for name, value in row.items() if name not in moments} for row in rows]


def _everything(session: Session, commits: int) -> dict[str, Any]:
    found: dict[str, Any] = {"diff": _read(session, Diff(*_REFS))}
    for ref in _REFS:
        found[f"{ref} schema"] = session.at(ref).catalog().tables
        found[f"{ref} rows"] = _read(session, Select("t", ref=ref))
        found[f"{ref} log"] = _read(session, Log(ref=ref))
        found[f"{ref} history"] = [_read(session, History("t", (row_id,), ref=ref)) for row_id in range(1, 4)]
        found[f"{ref} past"] = [_read(session, Select("t", ref=Ref(ref.branch, str(n)))) for n in range(1, commits + 1)]
    return found


@settings(deadline=None, max_examples=25)
@given(operations=st.lists(_OPERATIONS, min_size=1, max_size=12))
def test_random_operations_leave_the_same_in_both(operations: list[Operation]) -> None:
    """Each is answered alike, and all that can be read afterwards is alike: now, then, and what has changed."""
    with _both() as (sqlite, postgresql):
        for operation in operations:
            assert _answer(sqlite, operation) == _answer(postgresql, operation)
        commits = len(sqlite.execute(Log()).rows)
        assert _everything(sqlite, commits) == _everything(postgresql, commits)
