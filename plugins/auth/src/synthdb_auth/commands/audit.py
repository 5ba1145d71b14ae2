"""``synthdb auth audit``."""

import json

import click

from synthdb_auth.auditing import Recorded
from synthdb_auth.commands.opening import opened
from synthdb_auth.times import time_text
from synthdb_host.options import json_option, print_facts
from synthdb_host.session import Session, config_options, print_rows

__all__ = ["audit"]


@click.group()
def audit() -> None:
    """Look at the log of what was done and refused, export it, and verify that nobody changed it."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--tenant", help="Of this tenant only.")
@click.option("--actor", help="Done by this account only.")
@click.option("--action", help="Of this kind only: key.create, or key.* for all that begin so.")
@json_option
@config_options
@click.pass_obj
def list_(
    session: Session, /, limit: int, tenant: str | None, actor: str | None, action: str | None, *, as_json: bool
) -> None:
    """List the newest entries, the newest first."""
    with opened(session) as auth:
        found = auth.audit.list(limit, tenant=tenant, actor=actor, action=action)
    line = "{number:>6}  {at}  {actor:<16} {action:<18} {outcome:<8} {subject}"
    rows = [_facts(one) for one in found]
    print_rows(rows if as_json else [_printable(row) for row in rows], line, as_json=as_json)


@audit.command()
@json_option
@config_options
@click.pass_context
def verify(context: click.Context, /, *, as_json: bool) -> None:
    """Compare every entry with its seal, and the end of the log with what was seen. It fails if anything is wrong."""
    with opened(context.find_object(Session) or Session()) as auth:
        found = auth.audit.verify()
    facts = {"is_whole": found.problem is None, "entries": found.entries, "problem": found.problem}
    print_facts(facts, as_json=as_json)
    context.exit(0 if found.problem is None else 1)


@audit.command()
@config_options
@click.pass_obj
def export(session: Session, /) -> None:
    """Print every entry as a line of JSON, the oldest first."""
    with opened(session) as auth:
        for one in auth.audit.all():
            click.echo(json.dumps(_facts(one)))


def _facts(one: Recorded) -> dict[str, object]:
    return one.facts() | {"at": time_text(one.entry.at)}


def _printable(facts: dict[str, object]) -> dict[str, object]:
    """Quote control signs: callers wrote some of these texts, and must not write on the terminal."""
    return {key: json.dumps(value)[1:-1] if isinstance(value, str) else value for key, value in facts.items()}
