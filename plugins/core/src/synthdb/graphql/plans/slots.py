"""Places in a plan that are open until it runs, for the values of variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synthdb_host.operations import And, Comparison, Embed, EmbedCount, Filter, Not, Or, Select

__all__ = ["Open", "Slot", "Values", "filler"]


class Open(Exception):
    """A variable stands where its value decides how rows are read."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for the value of a variable, which is there and not null; a number is at most ``most``."""

    variable: str
    most: int | None = None


Values = Mapping[str, Any]


def filler(select: Select, slots: set[str]) -> Callable[[Values], Select] | None:
    """Make what puts values into a select; None: there is nothing to put in. ``slots`` gains the variables' names."""
    changes: dict[str, Callable[[Values], Any]] = {}
    if select.where is not None and (where := _condition(select.where, slots)) is not None:
        changes["where"] = where
    for name in ("limit", "offset"):
        value = getattr(select, name)
        if isinstance(value, Slot):
            changes[name] = _slot(value, slots)
    embeds = [_embed(embed, slots) for embed in select.embeds]
    if any(embeds):
        changes["embeds"] = _all(select.embeds, embeds)
    return _replacing(select, changes) if changes else None


def _replacing(item: Any, changes: Mapping[str, Callable[[Values], Any]]) -> Callable[[Values], Any]:  # noqa: ANN401 - any record
    cls, names = type(item), item.__slots__
    fixed = [getattr(item, name) for name in names]
    places = [(names.index(name), change) for name, change in changes.items()]

    def fill(values: Values) -> Any:  # noqa: ANN401 - any record
        parts = fixed.copy()
        for place, change in places:
            parts[place] = change(values)
        return cls(*parts)

    return fill


def _all(items: tuple[Any, ...], fillers: list[Callable[[Values], Any] | None]) -> Callable[[Values], Any]:
    pairs = list(zip(items, fillers, strict=True))
    return lambda values: tuple([item if fill is None else fill(values) for item, fill in pairs])


def _embed(embed: Embed, slots: set[str]) -> Callable[[Values], Any] | None:
    inner = filler(embed.select, slots)
    return None if inner is None else (lambda values: replace(embed, select=inner(values)))


def _slot(slot: Slot, slots: set[str]) -> Callable[[Values], Any]:
    slots.add(slot.variable)
    name, most = slot.variable, slot.most
    return (lambda values: values[name]) if most is None else (lambda values: min(values[name], most))


def _condition(condition: Filter, slots: set[str]) -> Callable[[Values], Any] | None:
    match condition:
        case Comparison(value=Slot() as slot) | EmbedCount(value=Slot() as slot):
            return _replacing(condition, {"value": _slot(slot, slots)})
        case And(items) | Or(items):
            found = [_condition(item, slots) for item in items]
            return _replacing(condition, {"items": _all(items, found)}) if any(found) else None
        case Not(item):
            inner = _condition(item, slots)
            return None if inner is None else _replacing(condition, {"item": inner})
    return None
