"""Options that several commands have in common, and how they ask and print."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from synthdb_host.session import print_json, print_rows

__all__ = [
    "confirm_options",
    "confirmed",
    "dry_run_option",
    "json_option",
    "print_facts",
    "quota_option",
    "quotas_of",
]

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, change nothing.")
quota_option = click.option(
    "--quota", "quotas", multiple=True, metavar="NAME=NUMBER", help="For who measures use. Can be repeated."
)


def confirm_options(command: F) -> F:
    """Give a command that removes something ``--yes`` and ``--if-exists``."""
    command = click.option("--yes", is_flag=True, help="Do not ask.")(command)
    return click.option("--if-exists", is_flag=True, help="It is no error if there is none.")(command)


def confirmed(question: str, *, yes: bool) -> None:
    """Ask before something is gone for good; raises click.Abort."""
    if not yes:
        click.confirm(question, abort=True, err=True)


def quotas_of(texts: Sequence[str]) -> dict[str, float]:
    """Read quotas, written ``NAME=NUMBER``; raises click.UsageError."""
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise click.UsageError(f"--quota {text!r} is not of the form NAME=NUMBER.") from None
    return found


def print_facts(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print what is known of one thing, as JSON or a line each; what is empty is left out of the lines."""
    if as_json:
        print_json(facts)
        return
    texts = {
        key: ", ".join(f"{k}={v:g}" for k, v in v.items()) if isinstance(v, dict) else v for key, v in facts.items()
    }
    rows = [{"key": key, "value": value} for key, value in texts.items() if value not in (None, "", [])]
    print_rows(rows, "{key:<13} {value}", as_json=False)
