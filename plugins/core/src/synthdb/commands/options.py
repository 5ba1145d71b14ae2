"""The options that several commands have."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, get_args

import click

from synthdb.library.refs import SchemaOf, ref_of
from synthdb_host.operations import Ref
from synthdb_host.session import config_options

__all__ = [
    "at_option",
    "branch_option",
    "database_options",
    "dry_run_option",
    "json_option",
    "message_option",
    "schema_option",
    "state_of",
]

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

message_option = click.option("-m", "--message", metavar="TEXT", help="Message kept with the commit.")

dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would happen, change nothing.")

branch_option = click.option("--branch", metavar="NAME", default="main", show_default=True, help="Branch to work on.")

at_option = click.option(
    "--at", metavar="REF", help="Tag, commit, branch@MOMENT, or moment such as '5 minutes ago' to read."
)


schema_option = click.option(
    "--schema",
    type=click.Choice(get_args(SchemaOf)),
    default="then",
    show_default=True,
    help="Whether columns are those of the moment read, or those of now.",
)


def database_options(command: F) -> F:
    """Give a command ``--db NAME``, and where settings and data are."""
    return click.option("--db", metavar="NAME", help="Database. Default: the only one.")(config_options(command))


def state_of(at: str | None, branch: str, schema: SchemaOf = "then") -> Ref:
    """Give the state that ``--at``, ``--branch`` and ``--schema`` mean together."""
    ref = Ref(branch) if at is None else ref_of(at, branch)
    return replace(ref, schema=schema)
