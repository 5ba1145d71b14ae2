"""Laying out changed rows: a table for each table, a sign and a colour for each change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from synthdb.commands.tables import aligned
from synthdb_host.encoding import to_text

__all__ = ["show_rows"]

_COLOURS: Final = {"+": "green", "-": "red", "<": "yellow", ">": "yellow"}
_Changes = Sequence[Mapping[str, Any]]


def show_rows(changes: _Changes, empty: str) -> None:
    """Print changed rows, table by table; colours are for terminals."""
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    for change in changes:
        by_table.setdefault(change["table"], []).append(change)
    if not by_table:
        click.echo(empty)
    for number, (table, rows) in enumerate(by_table.items()):
        click.echo(("\n" if number else "") + table)
        header, rule, *lines = _lines(rows)
        for line in (header, rule, *(click.style(line, fg=_COLOURS[line[0]]) for line in lines)):
            click.echo(line)


def _lines(changes: _Changes) -> Iterator[str]:
    columns = list(dict.fromkeys(name for change in changes for row in _sides(change) for name in row))
    rows = []
    for change in changes:
        old, new = change["old"], change["new"]
        signs = ("<", ">") if old is not None and new is not None else ("-", "+")
        rows += [[sign, *_cells(row, columns)] for sign, row in zip(signs, (old, new), strict=True) if row is not None]
    yield from aligned([" ", *columns], rows)


def _sides(change: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in (change["old"], change["new"]) if row is not None]


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    return [to_text(row.get(name)) for name in columns]
