"""Finding columns whose values would all fit a narrower type, exactly."""

from collections.abc import Sequence

from synthdb.evolution.pages import pages, python_rows
from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import Column, ColumnType, Table
from synthdb_host.errors import RequestError
from synthdb_host.inference import infer_text, settle
from synthdb_host.operations import Literal
from synthdb_host.values import INTEGER_MAX, convert

__all__ = ["NARROWABLE", "narrower_types"]

NARROWABLE = frozenset({"text", "real", "decimal", "timestamp"})
"""Types that values of another type may have been given."""

_NARROWER = {"real": "integer", "decimal": "integer", "timestamp": "date"}
_REMEMBERED = 20_000
_PASSES = 4


def narrower_types(target: Target, table: Table, columns: Sequence[Column]) -> dict[str, ColumnType]:
    """Give the types that hold every value of these columns exactly as it is, where there are narrower ones.

    A text column narrows only if each text is just how the other type writes its value: ``00501`` stays text.
    """
    trials = {column.name: _Trial(column.type, column.default) for column in columns}
    for _ in range(_PASSES):
        open_ = [name for name, trial in trials.items() if trial.is_open]
        for rows in pages(target, table, open_, python_rows) if open_ else ():
            open_ = [name for name in open_ if not trials[name].failed]
            if not open_:
                break
            for name in open_:
                trials[name].add([row[name] for row in rows])
        for trial in trials.values():
            trial.end()
    return {name: trial.candidate for name, trial in trials.items() if trial.candidate and trial.proven}


class _Trial:
    """One column: a type that may hold all of its values. Another pass is needed where the type has changed."""

    def __init__(self, source: ColumnType, default: object) -> None:
        self._source = source
        self._default = default
        self._seen: set[object] = set()
        self._changed = False
        self.candidate: ColumnType | None = None
        self.failed = False
        self.proven = False

    @property
    def is_open(self) -> bool:
        """Say whether the values must be gone through (once more)."""
        return not self.failed and not self.proven

    def add(self, values: Sequence[object]) -> None:
        """Look at more values."""
        for value in set(values) - self._seen:
            if value is not None and not self.failed:
                self._try(value)
        if len(self._seen) < _REMEMBERED:
            self._seen.update(values)

    def end(self) -> None:
        """Note the end of a pass."""
        if self._default is not None and self.candidate and not self.failed:
            self._try(self._default)
        self.proven = not self.failed and not self._changed and self.candidate is not None
        self.failed = self.failed or self.candidate is None
        if self._changed:
            self._seen.clear()  # they were seen to fit another type
        self._changed = False

    def _try(self, value: object) -> None:
        if self.candidate is None:
            self.candidate = self._first(value)
        if not self._holds(self.candidate, value):
            wider = settle(self.candidate, Literal(value)) if isinstance(value, str) else None
            self._changed = True
            self.candidate = wider or self._source
        self.failed = self.candidate.name == self._source.name or not self._holds(self.candidate, value)

    def _first(self, value: object) -> ColumnType:
        return infer_text(value) if isinstance(value, str) else ColumnType(_NARROWER[self._source.name])

    def _holds(self, candidate: ColumnType, value: object) -> bool:
        try:
            found = convert(value, self._source, candidate)
        except RequestError:
            return False
        return candidate.name != "integer" or abs(found) <= INTEGER_MAX
