"""Showing rows as an aligned table, or one below the other."""

from collections.abc import Iterator, Sequence

__all__ = ["aligned", "stacked"]

_WIDEST = 60


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> Iterator[str]:
    """Lay out cells in columns, cut at 60 characters; those marked ``right`` are right-aligned."""
    shown = [[_line(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[position]) for row in shown) for position in range(len(header))]
    sides = [*right, *[False] * (len(header) - len(right))]
    for number, row in enumerate(shown):
        cells = [
            cell.rjust(width) if side else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "  ".join("-" * width for width in widths)


def stacked(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay out each row as lines of name and value, for tables that are wider than the screen."""
    names = [_line(name) for name in header]
    width = max(map(len, names), default=0)
    for number, row in enumerate(rows, start=1):
        yield f"-- row {number}"
        for name, cell in zip(names, row, strict=True):
            yield f"{name.ljust(width)}  {_line(cell)}".rstrip()


def _line(cell: str) -> str:
    flat = cell.replace("\r", "␍").replace("\n", "␊").replace("\t", " ")
    clean = "".join(character if character.isprintable() else "�" for character in flat)
    return clean if len(clean) <= _WIDEST else clean[: _WIDEST - 1] + "…"
