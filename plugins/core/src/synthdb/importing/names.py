"""Making the names in a file usable as column and table names."""

import re
import unicodedata

from synthdb_host.errors import InvalidParameter

__all__ = ["NameMaker", "constraint_name", "parse_reference", "usable_name"]

_REFERENCE = re.compile(r"(?P<table>.+?)(?:\((?P<several>[^()]+)\)|\.(?P<one>[^.()]+))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST = 128


def usable_name(raw: str, otherwise: str) -> str:
    """Make a name that every table accepts: NFC, no control characters or leading underscore."""
    cleaned = _CONTROL.sub(" ", unicodedata.normalize("NFC", raw)).strip().lstrip("_")
    return cleaned[:_LONGEST].strip() or otherwise


def constraint_name(table: str, columns: tuple[str, ...], suffix: str) -> str:
    """Name an index, key or foreign key after its table and columns, as PostgreSQL does."""
    return "_".join((table, *columns, suffix))[-_LONGEST:].lstrip("_")


def parse_reference(text: str) -> tuple[str, tuple[str, ...]]:
    """Read ``table.column`` or ``table(column, column)``.

    Raises:
        InvalidParameter: the text is neither.
    """
    match = _REFERENCE.fullmatch(text.strip())
    names = (match["one"] or match["several"]).split(",") if match else []
    columns = tuple(name.strip() for name in names)
    if match is None or not all(columns):
        raise InvalidParameter(f"{text!r} names no column.", hint="Write table.column, or table(column, column).")
    return match["table"].strip(), columns


class NameMaker:
    """Gives each column of a source a usable name of its own, also where two differ in case only."""

    def __init__(self, *, taken: tuple[str, ...] = ()) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._taken = {name.casefold() for name in taken}
        self.notes: list[str] = []

    def name(self, raw: str, occurrence: int = 0) -> str:
        """Give the name for a column, the same one each time."""
        found = self._names.get((raw, occurrence))
        return found if found is not None else self._make(raw, occurrence)

    def _make(self, raw: str, occurrence: int) -> str:
        base = usable_name(raw, f"column_{len(self._names) + 1}")
        name, number = base, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{base[: _LONGEST - 5]}_{number}"
        self._taken.add(name.casefold())
        self._names[raw, occurrence] = name
        if name != raw:
            self.notes.append(f"column {raw!r} is called {name!r}")
        return name

    def known(self) -> list[str]:
        """List the names as the source gives them."""
        return [raw for raw, _ in self._names]

    def header(self, raw: tuple[str, ...]) -> tuple[str, ...]:
        """Give the names for a whole header, in which a name may stand twice."""
        return tuple(self.name(item, raw[:position].count(item)) for position, item in enumerate(raw))
