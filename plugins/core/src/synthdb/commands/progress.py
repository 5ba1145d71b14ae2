"""Showing on the terminal how far an import has come."""

import sys
import time

import click

__all__ = ["ProgressLine"]

_INTERVAL = 0.2


class ProgressLine:
    """One line on standard error: table, rows, percent, rows per second. Silent unless ``shown``."""

    def __init__(self, verb: str, *, shown: bool) -> None:
        self._verb = verb
        self._shown = shown
        self._table = ""
        self._since = 0.0
        self._printed = 0.0
        self._first = 0
        self._width = 0

    def __call__(self, table: str, records: int, fraction: float) -> None:
        """Take note of progress, and show it now and then."""
        now = time.monotonic()
        if table != self._table:
            self._table, self._since, self._first = table, now, records
        if self._shown and (now - self._printed >= _INTERVAL or fraction >= 1):
            self._printed = now
            self._print(records, fraction, now)

    def _print(self, records: int, fraction: float, now: float) -> None:
        rate = (records - self._first) / max(now - self._since, 0.001)
        line = f"{self._verb} {self._table}: {records} rows, {fraction:.0%}, {rate:.0f} rows/s"
        self._width = max(self._width, len(line))
        end = "\r" if sys.stderr.isatty() else "\n"
        click.echo(line.ljust(self._width) + end, err=True, nl=False)

    def done(self) -> None:
        """End the line."""
        if self._shown and self._width and sys.stderr.isatty():
            click.echo(err=True)
