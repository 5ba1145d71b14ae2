"""The rows of a table at a place, as SQL: the newest version of each row that a chain of branches shows.

A branch keeps what it changed in an overlay that all branches share. A version of a row, live or deleted, hides
those of every branch below. What a branch replaced is in the history with the commits between which it was valid,
so a layer that ends at a commit is read from both.

An unchanged layer needs no history: ``_layer.mark`` is raised by the first write of a branch to a table after any
fork or tag, so where the mark is not behind a fork, the table is as it was then.

A layer that *covers* others holds their rows, too, since commit ``_layer.covered``: those of the branches between it
and main (``branches``), or those of main as well (``all``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from synthdb.catalog.places import Layer, Place
from synthdb.storage.layout import MAIN

__all__ = ["Mark", "Part", "Rows", "layers_of"]

Part = Literal["all", "present", "past"]
"""Of the rows of a place: all, those in the table and the overlay, or those in the history."""

_EVER: Final = 2**63 - 1
_FEW: Final = 3
_MOST_ARMS: Final = 32
"""Up to so many layers are read one by one, in the order of an index; of more SQLite could not make one statement."""


class Mark(NamedTuple):
    """What is written down of a branch that has written to a table."""

    mark: int = 0
    covers: str | None = None
    covered: int | None = None

    def covering(self, layer: Layer) -> str | None:
        """Say what the branch covers as it was at a layer."""
        begun = self.covered is not None and (layer.bound is None or layer.bound >= self.covered)
        return self.covers if begun else None


_UNMARKED: Final = Mark()


def layers_of(place: Place, marks: Mapping[int, Mark]) -> tuple[Layer, ...]:
    """Give the layers that matter for a table; ``marks`` are those of the branches that have written to it."""
    found: list[Layer] = []
    covered: str | None = None
    for layer in place.layers:
        if layer.branch != MAIN and (layer.branch not in marks or covered):
            continue
        mark = marks.get(layer.branch, _UNMARKED)
        unchanged = layer.pinned and layer.bound is not None and mark.mark <= layer.bound
        found.append(Layer(layer.branch) if unchanged else layer)
        covered = mark.covering(layer)
        if covered == "all":
            break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Rows:
    """Writes the SQL of a table's rows.

    Args:
        table, history, overlay: quoted names of the physical tables.
        versions: quoted name of the overlay's index by identity.
        identity: quoted name of the identity.
        columns: quoted names of the columns that are given.
        converted: SQL over ``_r`` for columns whose values stand in others.
        commits: whether ``_tx`` and ``_created`` are given, too.
        part: which of the rows are given.
    """

    table: str
    history: str
    overlay: str
    versions: str
    identity: str
    columns: Sequence[str]
    converted: Mapping[str, str]
    commits: bool = True
    part: Part = "all"

    def sql(self, layers: Sequence[Layer], schema: str = "") -> str:
        """Give a SELECT of the columns; ``schema`` is a prefix of the tables' names."""
        upper = [layer for layer in layers if layer.branch != MAIN]
        arms = [arm for layer in layers if layer.branch == MAIN for arm in self._main(layer, upper, schema)]
        if len(upper) > _MOST_ARMS:
            # A branch is younger than those it comes from, so the deeper layer has the higher number.
            hidden = self._hidden(upper, schema, "_x.branch > _r.branch")
            return " UNION ALL ".join([*arms, *self._upper(upper, hidden, schema)])
        for depth, layer in enumerate(upper):
            arms += self._upper([layer], self._hidden(upper[:depth], schema), schema)
        return " UNION ALL ".join(arms)

    def count(self, layers: Sequence[Layer]) -> str | None:
        """Give SQL for the number of rows that costs what the branches changed; None where it takes all rows."""
        upper = [layer for layer in layers if layer.branch != MAIN]
        if not upper or layers[-1].branch != MAIN or any(layer.bound is not None for layer in layers):
            return None
        changed = f"SELECT {self.identity} FROM {self.overlay} WHERE {_among('branch', upper)}"
        return (
            f"(SELECT count(*) FROM {self.table}) - (SELECT count(*) FROM {self.table} WHERE {self.identity} IN "
            f"({changed})) + (SELECT count(*) FROM ({self.sql(upper)}))"
        )

    def _main(self, main: Layer, upper: Sequence[Layer], schema: str) -> list[str]:
        hidden = self._hidden(upper, schema)
        if main.bound is None:
            return self._chosen(self._arm(f"{schema}{self.table}", "_tx", hidden), None)
        past = [f"_r.branch = {MAIN}", f"_r._from <= {main.bound}", f"_r._to > {main.bound}", *hidden]
        return self._chosen(
            self._arm(f"{schema}{self.table}", "_tx", [f"_r._tx <= {main.bound}", *hidden]),
            self._arm(f"{schema}{self.history}", "_from", past),
        )

    def _upper(self, layers: Sequence[Layer], hidden: Sequence[str], schema: str) -> list[str]:
        own = self._arm(f"{schema}{self.overlay}", "_tx", ["_r._del = 0", *_current("_r", layers), *hidden])
        bounded = [layer for layer in layers if layer.bound is not None]
        if not bounded:
            return self._chosen(own, None)
        past = ["_r._del = 0", *_past("_r", bounded), *hidden]
        return self._chosen(own, self._arm(f"{schema}{self.history}", "_from", past))

    def _chosen(self, present: str, past: str | None) -> list[str]:
        """Give those arms that are wanted."""
        arms = [present] if self.part != "past" else []
        return arms if past is None or self.part == "present" else [*arms, past]

    def _arm(self, table: str, commit: str, conditions: Sequence[str]) -> str:
        columns = [
            f"{self.converted[column]} AS {column}" if column in self.converted else f"_r.{column}"
            for column in self.columns
        ]
        columns += [f"_r.{commit} AS _tx", "_r._created"] if self.commits else []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {', '.join(columns) or '1'} FROM {table} _r{where}"

    def _hidden(self, layers: Sequence[Layer], schema: str, *conditions: str) -> list[str]:
        """Give the conditions that no version on these layers hides a row."""
        if not layers:
            return []
        same = [f"_x.{self.identity} = _r.{self.identity}", *conditions]
        # The index by identity is small: rows are looked up in it three times as fast as in the overlay itself.
        tests = [(f"{self.overlay} _x INDEXED BY {self.versions}", _current("_x", layers))]
        bounded = [layer for layer in layers if layer.bound is not None]
        if bounded:
            tests.append((f"{self.history} _x", _past("_x", bounded)))
        return [
            f"NOT EXISTS (SELECT 1 FROM {schema}{table} WHERE {' AND '.join([*same, *tested])})"
            for table, tested in tests
        ]


def _current(alias: str, layers: Sequence[Layer]) -> list[str]:
    """Say that an overlay row belongs to one of these layers and is not younger than its bound."""
    found = [_among(f"{alias}.branch", layers)]
    if any(layer.bound is not None for layer in layers):
        # The unary plus keeps SQLite from choosing the index by commit, whose rows would have to be sorted.
        found.append(f"+{alias}._tx <= {_bound(alias, layers)}")
    return found


def _past(alias: str, layers: Sequence[Layer]) -> list[str]:
    bound = _bound(alias, layers)
    return [f"+{_among(f'{alias}.branch', layers)}", f"{alias}._from <= {bound}", f"{alias}._to > {bound}"]


def _among(branch: str, layers: Sequence[Layer]) -> str:
    """Say that a column is one of some branches: looked up one by one if they are few, else found in their range."""
    numbers = [layer.branch for layer in layers]
    if len(numbers) == 1:
        return f"{branch} = {numbers[0]}"
    listed = f"{branch} IN ({', '.join(map(str, numbers))})"
    return listed if len(numbers) <= _FEW else f"{branch} BETWEEN {min(numbers)} AND {max(numbers)} AND +{listed}"


def _bound(alias: str, layers: Sequence[Layer]) -> str:
    if len(layers) == 1:
        return str(layers[0].bound)
    cases = " ".join(f"WHEN {layer.branch} THEN {_EVER if layer.bound is None else layer.bound}" for layer in layers)
    return f"CASE {alias}.branch {cases} END"
