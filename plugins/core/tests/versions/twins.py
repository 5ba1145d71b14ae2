"""Two databases that must not be told apart: one converts widened columns at once, the other one later."""

from pathlib import Path
from typing import Any

from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement
from synthdb_host.errors import RequestError
from synthdb_host.operations import Operation, Select, Sql
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import aggregate, by, columns, embed, where
from synthdb_host.versions import HEAD, Backfill, Changes, Diff, History, Log, Ref

from .conftest import Ask

__all__ = ["Twins", "asked", "indexes", "waiting"]


def asked(file: Path, above: int) -> Ask:
    placement = Placement("test", f"sqlite:///{file}", create=True)
    settings = CoreSettings(durability="normal", backfill_above_rows=above)
    return Ask(open_sqlite(placement, EmbeddedScheduler(), settings))


class Twins:
    """Two databases: one that converts at once, and one that does so later."""

    def __init__(self, folder: Path) -> None:
        self.at_once, self.later = asked(folder / "at_once.db", 1_000), asked(folder / "later.db", 0)

    def __call__(self, *operations: Operation) -> None:
        for operation in operations:
            outcomes = [_outcome(ask, operation) for ask in (self.at_once, self.later)]
            assert outcomes[0] == outcomes[1]

    def insert(self, table: str, *rows: dict[str, Any], ref: Ref = HEAD) -> None:
        for ask in (self.at_once, self.later):
            ask.insert(table, *rows, ref=ref)

    def branch(self, name: str, at: Ref = HEAD) -> Ref:
        self.at_once.branch(name, at)
        return self.later.branch(name, at)

    def update(self, key: int, ref: Ref = HEAD, **values: Any) -> None:
        for ask in (self.at_once, self.later):
            ask.update("things", key, ref, **values)

    def agree(self, *refs: Ref) -> None:
        """Check that everything that can be read is the same."""
        expected, found = _everything(self.at_once, refs), _everything(self.later, refs)
        for kind, answer in expected.items():
            assert answer == found[kind], kind

    def stages(self, *refs: Ref) -> None:
        """Check the same before, in the middle of and after the backfill, and that it wrote no history."""
        assert waiting(self.later)
        before = _history(self.later, refs)
        self.agree(*refs)
        steps = 0
        while self.later(Backfill(3)).affected:
            self.agree(*refs)
            steps += 1
        assert steps
        assert not waiting(self.later)
        assert before == _history(self.later, refs)
        self.agree(*refs)

    def close(self) -> None:
        for ask in (self.at_once, self.later):
            ask.database.close()


def waiting(ask: Ask) -> list[str]:
    """Give the columns that are still to be filled."""
    driver = ask.database._connections.reader().driver  # noqa: SLF001 - the state is not to be seen from outside
    return [name for (name,) in driver.execute("SELECT physical FROM _backfill ORDER BY id")]


def indexes(ask: Ask, table: str = "things") -> list[list[str]]:
    """Give the columns of the indexes of a physical table."""
    driver = ask.database._connections.reader().driver  # noqa: SLF001 - they only make reads faster
    names = driver.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'c' ORDER BY name", (table,))
    found = [driver.execute("SELECT name FROM pragma_index_info(?)", name).fetchall() for name in names.fetchall()]
    return [[column for (column,) in columns] for columns in found]


def _outcome(ask: Ask, operation: Operation) -> object:
    try:
        result = ask(operation)
    except RequestError as error:
        return error.code
    return result.commit, result.json() if result.encoder else None, result.affected


def _untimed(ask: Ask, operation: Operation) -> object:
    """Give the rows of a result without the times of commits, which differ between the two."""
    try:
        rows = ask(operation).python()
    except RequestError as error:
        return error.code
    return [{name: value for name, value in row.items() if name != "at"} for row in rows]


def _history(ask: Ask, refs: tuple[Ref, ...]) -> dict[str, object]:
    found = {str(ref): _untimed(ask, Log(ref)) for ref in refs}
    return found | {f"feed of {ref}": _untimed(ask, Changes(branch=ref.branch)) for ref in refs}


def _everything(ask: Ask, refs: tuple[Ref, ...]) -> dict[str, object]:
    found: dict[str, object] = _history(ask, refs)
    last = int(ask(Log(limit=1)).python()[0]["id"])
    for ref in refs:
        found |= {f"{ref} {name}": _outcome(ask, read) for name, read in _reads(ref).items()}
        moments = [Ref(ref.branch, str(commit), schema) for commit in range(2, last + 1) for schema in ("then", "now")]
        for place in moments:
            found |= {f"{place} {place.schema}": _outcome(ask, Select("things", order=by("v"), ref=place))}
        for key in range(1, 4):
            found[f"{ref} history {key}"] = _untimed(ask, History("things", (key,), ref=ref))
            found[f"{ref} cell {key}"] = _untimed(ask, History("things", (key,), "v", ref))
        for other in (*refs, Ref(ref.branch, "2")):
            found[f"{ref} diff {other}"] = _outcome(ask, Diff(other, ref))
            found[f"{ref} cells {other}"] = _outcome(ask, Diff(other, ref, detail="cells"))
    return found


def _reads(ref: Ref) -> dict[str, Operation]:
    value = ("5", "true", "a", "2024-02-29")
    same = embed("same", "v", "v", Select("things", columns("id"), order=by("id")), many=True)
    reads: dict[str, Operation] = {
        "list": Select("things", order=by("id"), ref=ref),
        "point": Select("things", where=where("id", "eq", 2), ref=ref),
        "sorted": Select("things", columns("id"), order=(*by("v"), *by("id")), ref=ref),
        "down": Select("things", columns("id"), order=(*by("v", descending=True), *by("id")), limit=4, ref=ref),
        "nulls": Select("things", columns("id"), where=where("v", "is", None), order=by("id"), ref=ref),
        "groups": Select("things", (*columns("v"), aggregate("count")), order=by("v"), ref=ref),
        "ends": Select("things", (aggregate("min", "v"), aggregate("max", "v"), aggregate("count", "v")), ref=ref),
        "top": Select("things", (aggregate("max", "v"),), ref=ref),
        "count": Select("things", (aggregate("count"),), ref=ref),
        "total": Select("things", limit=1, count="exact", ref=ref),
        "embed": Select("things", columns("id"), (same,), order=by("id"), ref=ref),
        "sql": Sql("SELECT id, v, typeof(v) AS t FROM things ORDER BY id", ref=ref),
        "sql compare": Sql("SELECT id FROM things WHERE v = 5 OR v > '2' ORDER BY v, id", ref=ref),
        "sql join": Sql("SELECT a.id, count(b.id) AS n FROM things a LEFT JOIN things b USING (v) GROUP BY 1", ref=ref),
        "sql group": Sql("SELECT v, count(*) AS n FROM things GROUP BY v ORDER BY v", ref=ref),
    }
    for text in value:
        for operator in ("eq", "gt", "neq", "like"):
            reads[f"{operator} {text}"] = Select(
                "things", columns("id"), where=where("v", operator, text), order=by("id"), ref=ref
            )
    return reads
