"""``synthdb webhooks``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from synthdb.commands.opening import only
from synthdb.commands.options import database_options, dry_run_option, json_option
from synthdb.commands.showing import echo_json, echo_table
from synthdb.webhooks.managing import Post
from synthdb.webhooks.store import Draft
from synthdb.webhooks.webhook import OPERATIONS
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.errors import InvalidParameter
from synthdb_host.session import Session
from synthdb_host.stepping import run

__all__ = ["command"]


@click.group("webhooks")
def command() -> None:
    """List, make and try webhooks; a server sends what is due."""


@contextmanager
def _post(session: Session, db: str | None, *, dry_run: bool = False) -> Iterator[Post]:
    with session.started() as host:
        yield Post.of(host, db or only(host), Context(PROCESS, dry_run=dry_run))


@command.command("list")
@json_option
@database_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool, db: str | None) -> None:
    """List the webhooks and how they fare."""
    with _post(session, db) as post:
        found = run(post.webhooks.all())
    if as_json:
        echo_json(found)
        return
    rows = [one | {name: ", ".join(one[name]) or "all" for name in ("tables", "operations")} for one in found]
    echo_table(("name", "state", "url", "tables", "operations", "dead_letters", "reason"), rows, "There are none.")


@command.command()
@click.argument("name")
@json_option
@database_options
@click.pass_obj
def show(session: Session, /, name: str, *, as_json: bool, db: str | None) -> None:
    """Show the webhook NAME."""
    with _post(session, db) as post:
        _show(run(post.webhooks.show(name)), as_json=as_json)


@command.command()
@click.argument("name")
@click.argument("url")
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only changes of this table. Can be repeated.")
@click.option(
    "--operation", "operations", type=click.Choice(OPERATIONS), multiple=True, help="Only these. Can be repeated."
)
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--secret", metavar="SECRET", help="The secret to sign with. Without it one is made and printed.")
@click.option("--since", metavar="OFFSET", help="Begin behind this commit; 0: send everything. Default: from now on.")
@dry_run_option
@json_option
@database_options
@click.pass_obj
def create(
    session: Session, /, name: str, url: str, *, dry_run: bool, as_json: bool, db: str | None,
    **wanted: Any,  # noqa: ANN401 - click gives what the options say
) -> None:  # fmt: skip
    """Send what changes to URL, as the webhook NAME; one of this name is changed to be so."""
    with _post(session, db, dry_run=dry_run) as post:
        post.check(url)
        _, made, is_new = run(post.webhooks.put(name, Draft(url, **wanted)))
        if dry_run:
            click.echo(f"Webhook {name!r} would be {'made' if is_new else 'changed'}.")
            return
        post.hear()
        found = run(post.webhooks.show(name))
    if as_json:
        echo_json(found | ({"secret": made} if made else {}))
        return
    click.echo(f"Webhook {name!r} is {'made' if is_new else 'changed'}.")
    if made:
        click.echo(f"Its secret, which is not shown again: {made}")


@command.command()
@click.argument("name")
@json_option
@database_options
@click.pass_obj
def enable(session: Session, /, name: str, *, as_json: bool, db: str | None) -> None:
    """Switch the webhook NAME on; it goes on where it was, at once."""
    with _post(session, db) as post:
        post.hasten(run(post.webhooks.enable(name)))
        _told(run(post.webhooks.show(name)), f"Webhook {name!r} is on.", as_json=as_json)


@command.command()
@click.argument("name")
@json_option
@database_options
@click.pass_obj
def disable(session: Session, /, name: str, *, as_json: bool, db: str | None) -> None:
    """Switch the webhook NAME off; what changes meanwhile is sent when it is on again."""
    with _post(session, db) as post:
        run(post.webhooks.enable(name, enabled=False))
        _told(run(post.webhooks.show(name)), f"Webhook {name!r} is off.", as_json=as_json)


@command.command()
@click.argument("name")
@json_option
@database_options
@click.pass_obj
def rotate(session: Session, /, name: str, *, as_json: bool, db: str | None) -> None:
    """Give the webhook NAME a new secret; for a day, messages are signed with the old one, too."""
    with _post(session, db) as post:
        secret = run(post.webhooks.rotate(name))
    _told({"name": name, "secret": secret}, f"Its new secret, which is not shown again: {secret}", as_json=as_json)


@command.command()
@click.argument("name")
@dry_run_option
@database_options
@click.pass_obj
def delete(session: Session, /, name: str, *, dry_run: bool, db: str | None) -> None:
    """Remove the webhook NAME with its log and its dead letters."""
    with _post(session, db, dry_run=dry_run) as post:
        run(post.webhooks.delete(name))
    click.echo(f"Webhook {name!r} {'would be' if dry_run else 'is'} removed.")


@command.command("test")
@click.argument("name")
@json_option
@database_options
@click.pass_obj
def try_(session: Session, /, name: str, *, as_json: bool, db: str | None) -> None:
    """Send a message of the type webhook.test to the webhook NAME, once and from here."""
    with _post(session, db) as post:
        found = post.try_out(run(post.webhooks.get(name)))
    text = f"It answered {found['status']}." if found["delivered"] else str(found["error"])
    _told(found, f"{text} ({found['milliseconds']} ms)", as_json=as_json)
    if not found["delivered"]:
        raise SystemExit(1)


@command.command()
@click.argument("name")
@click.option("--dead", is_flag=True, help="Only the messages that were given up.")
@json_option
@database_options
@click.pass_obj
def deliveries(session: Session, /, name: str, *, dead: bool, as_json: bool, db: str | None) -> None:
    """List the last hundred attempts of the webhook NAME, the newest first."""
    with _post(session, db) as post:
        run(post.webhooks.get(name))
        found = run(post.webhooks.dead_letters(name) if dead else post.webhooks.deliveries(name))
    if as_json:
        echo_json(found)
        return
    last = ("attempts",) if dead else ("attempt", "status", "milliseconds")
    echo_table(("at", "id", "offset", "changes", *last, "error"), found, "There are none.")


@command.command()
@click.argument("name")
@click.option("--id", "ids", metavar="ID", multiple=True, help="This dead letter. Can be repeated.")
@click.option("--dead", is_flag=True, help="All dead letters.")
@click.option("--since", metavar="OFFSET", help="Everything behind this commit, delivered or not.")
@json_option
@database_options
@click.pass_obj
def replay(
    session: Session, /, name: str, ids: tuple[str, ...], since: str | None, *, dead: bool, as_json: bool,
    db: str | None,
) -> None:  # fmt: skip
    """Send messages of the webhook NAME again; a server does it."""
    if sum((bool(ids), dead, since is not None)) != 1:
        raise InvalidParameter("Say what: --id ID, --dead or --since OFFSET.")
    with _post(session, db) as post:
        run(post.webhooks.get(name))
        if since is not None:
            run(post.webhooks.rewind(name, since))
            post.hear()
        else:
            post.replay(name, list(ids) or None)
        _told(run(post.webhooks.show(name)), "It is queued.", as_json=as_json)


def _told(found: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        echo_json(found)
    else:
        click.echo(text)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo_json(found)
        return
    for key, value in found.items():
        text = ", ".join(value) or "all" if isinstance(value, list | tuple) else value
        if text is not None:
            click.echo(f"{key}: {text}")
