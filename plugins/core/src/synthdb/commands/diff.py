"""``synthdb diff`` and ``synthdb apply``."""

from typing import Any, BinaryIO

import click

from synthdb.commands.differences import show_rows
from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, dry_run_option, json_option, message_option
from synthdb.commands.patch import Difference, sql_patch
from synthdb.commands.showing import echo_json, echo_raw, echo_table, show_conflicts, show_report
from synthdb.library.connection import Connection
from synthdb.library.exact import decode_exact
from synthdb.library.refs import ref_of
from synthdb_host.errors import MergeConflict
from synthdb_host.operations import Ref, Select
from synthdb_host.session import Session
from synthdb_host.versions import Diff

__all__ = ["apply", "diff", "difference_of"]

_Rows = list[dict[str, Any]]
_COLUMNS = {
    "cells": ("table", "key", "change", "column", "path", "old", "new"),
    "summary": ("table", "inserted", "updated", "deleted"),
    "schema": ("table", "column", "change", "property", "old", "new"),
}


@click.command()
@click.argument("a")
@click.argument("b", default="main")
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only this table. Can be repeated.")
@click.option("--three-dot", is_flag=True, help="What B changed since it and A were last the same.")
@click.option("--summary", "detail", flag_value="summary", help="Count rows, and read none.")
@click.option("--cells", "detail", flag_value="cells", help="List each cell, and each place in JSON.")
@click.option("--schema", "detail", flag_value="schema", help="List what changed of tables and columns.")
@click.option("--sql", "form", flag_value="sql", help="Write SQL statements that make B of A.")
@click.option("--changeset", "form", flag_value="changeset", help="Write a changeset for synthdb apply.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@json_option
@database_options
@click.pass_obj
def diff(
    session: Session, /, a: str, b: str, tables: tuple[str, ...], *, three_dot: bool, db: str | None, **given: Any  # noqa: ANN401 - click gives what the options say
) -> None:  # fmt: skip
    """Say what leads from the state A to the state B: branches, tags, commits or moments. B is main by default.

    Rows that were inserted are marked +, deleted ones -, and of updated ones the old values <, the new ones >.
    """
    with opened(session, db) as connection:
        if given["form"] is not None:
            _write(connection, a, b, tables, form=given["form"], three_dot=three_dot)
            return
        detail: Any = given["detail"] or "rows"
        operation = Diff(ref_of(a), ref_of(b), tables, three_dot, detail, given["limit"])
        encoded = connection.execute(operation).json()
    if given["as_json"]:
        echo_raw(encoded)
    elif detail == "rows":
        show_rows(decode_exact(encoded, _Rows), "Nothing differs.")
    else:
        echo_table(_COLUMNS[detail], decode_exact(encoded, _Rows), "Nothing differs.")


def _write(connection: Connection, a: str, b: str, tables: tuple[str, ...], *, form: str, three_dot: bool) -> None:
    base, target = ref_of(a), ref_of(b)
    if form == "changeset":
        echo_raw(connection.changeset(base, target, tables, three_dot=three_dot).encode())
        return
    for line in sql_patch(difference_of(connection, base, target, tables, three_dot=three_dot)):
        click.echo(line)


def difference_of(
    connection: Connection, base: Ref, target: Ref, tables: tuple[str, ...], *, three_dot: bool
) -> Difference:
    """Read what leads from one state to another, rows and schema."""

    def rows(operation: Diff | Select) -> _Rows:
        return decode_exact(connection.execute(operation).json(), _Rows)

    return Difference(
        str(base), str(target),
        rows(Diff(base, target, tables, three_dot, "schema")), rows(Diff(base, target, tables, three_dot)),
        connection.at(target).catalog(), lambda table: rows(Select(table, ref=target)),
    )  # fmt: skip


@click.command()
@click.argument("file", type=click.File("rb"))
@branch_option
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def apply(
    session: Session, /, file: BinaryIO, branch: str, message: str | None, *, dry_run: bool, as_json: bool,
    db: str | None,
) -> int:  # fmt: skip
    """Make the changes of a changeset, which synthdb diff --changeset wrote, as one commit. - is standard input.

    Rows are found by key; changes that are here already are passed over. If a row is not what the changeset
    expects, nothing is changed, such rows are listed, and the exit code is 1.
    """
    with opened(session, db, Ref(branch)) as connection:
        try:
            report = connection.apply(file.read(), message=message, dry_run=dry_run)
        except MergeConflict as error:
            show_conflicts(error.conflicts)
            click.echo(f"Error: {error.detail} [{error.code}]", err=True)
            return 1
    if as_json:
        echo_json(report)
    else:
        show_report(report)
        click.echo("Nothing was changed." if dry_run or not report.tables else f"Applied to {branch}.")
    return 1 if report.conflicts else 0
