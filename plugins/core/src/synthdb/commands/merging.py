"""``synthdb merge``, ``cherry-pick`` and ``revert``."""

import click

from synthdb.commands.combining import Words, combine
from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, dry_run_option, json_option, message_option
from synthdb.library.refs import ref_of
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import CherryPick, Merge, Revert

__all__ = ["cherry_pick", "merge", "revert"]


@click.command()
@click.argument("source")
@click.option("--into", metavar="NAME", default="main", show_default=True, help="Branch to merge into.")
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def merge(
    session: Session, /, source: str, into: str, message: str | None, *, dry_run: bool, as_json: bool, db: str | None
) -> int:
    """Take what SOURCE changed since it and the branch were last the same, rows and schema.

    Where both changed the same thing nothing is changed; the conflicts are listed, and the exit code is 1. Decide
    them with synthdb resolve, and merge again.
    """
    with opened(session, db) as connection:
        operation = Merge(ref_of(source), Ref(into))
        result = connection.execute(operation, message=message, dry_run=dry_run)
    words = Words.of("merge", "Merged", f"{source} into {into}", f"{into} has everything of {source} already.")
    return combine(result, words, dry_run=dry_run, as_json=as_json, source=source)


@click.command("cherry-pick")
@click.argument("first")
@click.argument("last", required=False)
@branch_option
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def cherry_pick(
    session: Session, /, first: str, last: str | None, branch: str, message: str | None, *, dry_run: bool,
    as_json: bool, db: str | None,
) -> int:  # fmt: skip
    """Make the changes of the commit FIRST, or of FIRST to LAST of one branch, on another branch, too."""
    with opened(session, db) as connection:
        operation = CherryPick(first, last, Ref(branch))
        result = connection.execute(operation, message=message, dry_run=dry_run)
    words = Words.of("pick", "Picked", f"{_span(first, last)} to {branch}", f"{branch} has these changes already.")
    return combine(result, words, dry_run=dry_run, as_json=as_json)


@click.command()
@click.argument("first")
@click.argument("last", required=False)
@branch_option
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def revert(
    session: Session, /, first: str, last: str | None, branch: str, message: str | None, *, dry_run: bool,
    as_json: bool, db: str | None,
) -> int:  # fmt: skip
    """Undo the changes of the commit FIRST, or of FIRST to LAST, and keep what came later."""
    with opened(session, db) as connection:
        result = connection.execute(Revert(first, last, Ref(branch)), message=message, dry_run=dry_run)
    words = Words.of("revert", "Reverted", f"{_span(first, last)} on {branch}", "Nothing of it is left to undo.")
    return combine(result, words, dry_run=dry_run, as_json=as_json)


def _span(first: str, last: str | None) -> str:
    return f"commit {first}" if last is None else f"commits {first} to {last}"
