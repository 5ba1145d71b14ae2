"""Showing what operations yield: exactly as JSON, or as a table that people can read."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import msgspec

from synthdb.commands.tables import aligned
from synthdb_host.contracts import Result
from synthdb_host.encoding import to_text
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict

__all__ = ["echo_json", "echo_raw", "echo_table", "echo_tables", "short_time", "show", "show_conflicts", "show_report"]

_ENCODER = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")
_SECONDS = len("2026-01-02T03:04:05")
_CONFLICT = ("table", "key", "column", "kind", "base", "ours", "theirs", "resolution")


def echo_json(value: object) -> None:
    """Print a value as indented JSON; numbers lose no digit."""
    echo_raw(_ENCODER.encode(value))


def echo_raw(encoded: bytes) -> None:
    """Print JSON, indented."""
    sys.stdout.flush()
    click.echo(msgspec.json.format(encoded, indent=2))


def show(result: Result, columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print the rows of a result as JSON, or some of their columns as a table."""
    if as_json:
        echo_raw(result.json())
    else:
        echo_table(columns, result.python(), empty)


def echo_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Print columns of rows as a table, or if there are none say so."""
    if not rows:
        click.echo(empty)
        return
    used = [name for name in columns if any(row.get(name) not in (None, "", False) for row in rows)]
    for line in aligned(used, [[_cell(name, row.get(name)) for name in used] for row in rows]):
        click.echo(line)


def _cell(name: str, value: object) -> str:
    if name in ("at", "created", "expires"):
        return short_time(value)
    if name == "tables":
        return echo_tables(value)
    if name == "key" and isinstance(value, list | tuple):
        return ",".join(map(to_text, value))
    return "yes" if value is True else "" if value is False else to_text(value)


def short_time(value: object) -> str:
    """Write a timestamp to the second, for people."""
    return to_text(value)[:_SECONDS].replace("T", " ")


def echo_tables(tables: object) -> str:
    """Write how many rows of each table were changed: ``people +1 ~2 -3``."""
    if not isinstance(tables, Mapping):
        return to_text(tables)
    return ", ".join(f"{name} {_signed(_counts(counts))}".strip() for name, counts in tables.items())


def _counts(counts: object) -> CombinedTable:
    return counts if isinstance(counts, CombinedTable) else msgspec.convert(counts, CombinedTable)


def _signed(counts: CombinedTable) -> str:
    signs = (("+", counts.inserted), ("~", counts.updated), ("-", counts.deleted))
    return " ".join(f"{sign}{number}" for sign, number in signs if number)


def show_report(report: MergeReport) -> None:
    """Print what was combined: rows by table, and schema changes."""
    for name, counts in report.tables.items():
        numbers = (("inserted", counts.inserted), ("updated", counts.updated), ("deleted", counts.deleted))
        click.echo(f"{name}: " + ", ".join(f"{number} {verb}" for verb, number in numbers if number))
    for line in report.schema:
        click.echo(f"schema: {line}")


def show_conflicts(conflicts: Iterable[OpenConflict | Mapping[str, Any]], empty: str = "") -> None:
    """Print conflicts as a table, one a line."""
    rows: list[dict[str, Any]] = [msgspec.to_builtins(item) for item in conflicts]
    if rows and any(row["kind"] == "constraint" for row in rows):
        echo_table((*_CONFLICT, "detail"), rows, empty)
    else:
        echo_table(_CONFLICT, rows, empty)
