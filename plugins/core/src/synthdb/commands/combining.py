"""Saying how a merge, pick, revert or restore went."""

from dataclasses import dataclass
from typing import Self

import click
import msgspec

from synthdb.commands.showing import echo_json, show_conflicts, show_report
from synthdb.library.combining import open_conflicts, readable
from synthdb_host.contracts import Result
from synthdb_host.merge_reports import MergeReport

__all__ = ["Words", "combine"]


@dataclass(frozen=True, slots=True)
class Words:
    """What is said: before a dry run's report, after what was done, and where there was nothing to do."""

    would: str
    done: str
    nothing: str

    @classmethod
    def of(cls, verb: str, done: str, rest: str, nothing: str) -> Self:
        """Make the words from a verb in two forms and what follows it."""
        return cls(f"Would {verb} {rest}:", f"{done} {rest}", nothing)


def combine(result: Result, words: Words, *, dry_run: bool, as_json: bool, source: str | None = None) -> int:
    """Print the outcome, and give the exit code: 1 if nothing was done because of conflicts."""
    report = readable(result.report)
    if as_json:
        echo_json({"commit": result.commit, "dry_run": dry_run, **msgspec.to_builtins(report)})
    elif report.conflicts:
        _show_open(report, source)
    elif dry_run and (report.tables or report.schema):
        click.echo(words.would)
        show_report(report)
    elif result.commit is None:
        click.echo(words.nothing)
    else:
        show_report(report)
        click.echo(f"{words.done} (commit {result.commit}).")
    return 1 if report.conflicts else 0


def _show_open(report: MergeReport, source: str | None) -> None:
    show_conflicts(report.conflicts)
    error = open_conflicts(report)
    click.echo(f"Error: {error.detail} [{error.code}]", err=True)
    if source is not None:
        choices = "--ours, --theirs or --value VALUE"
        click.echo(f"  Decide each: synthdb resolve {source} {choices}; then merge again.", err=True)
