"""``synthdb auth keys``."""

import sys

import click

from synthdb_auth.commands.opening import check_actions, opened, tenant_option
from synthdb_auth.credentials import ApiKey
from synthdb_auth.keys import Key, kind_of
from synthdb_auth.scopes import Right
from synthdb_auth.times import time_text
from synthdb_host.options import json_option, print_facts
from synthdb_host.session import Session, config_options, print_rows

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """List, make, rotate and revoke API keys."""


@keys.command("list")
@click.option("--account", help="Those of this account only.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def list_(session: Session, /, account: str | None, tenant: str, *, as_json: bool) -> None:
    """List the keys; the keys themselves are not kept."""
    with opened(session) as auth:
        now = auth.store.clock()
        found = auth.credentials.list(auth.accounts.get(account, tenant) if account else None)
    rows = [_facts(one, now) for one in found]
    print_rows(rows, "{id}  {shown:<15} {state:<8} {account:<20} {label}", as_json=as_json)


@keys.command()
@click.argument("account")
@tenant_option
@click.option("--label", default="", help="What it is for.")
@click.option("--scope", "scopes", multiple=True, metavar="ACTIONS:PLACE", help="Only for this. Can be repeated.")
@click.option("--days", type=click.FloatRange(0, min_open=True), help="How long it works.")
@json_option
@config_options
@click.pass_obj
def create(
    session: Session,
    /,
    account: str,
    tenant: str,
    label: str,
    scopes: tuple[str, ...],
    days: float | None,
    *,
    as_json: bool,
) -> None:
    """Make a key for ACCOUNT; it is told once."""
    rights = [Right.parse(one) for one in scopes]
    for right in rights:
        check_actions(session, right.actions)
    with opened(session) as auth:
        made = auth.credentials.create(auth.accounts.get(account, tenant), label, rights, days)
        _tell(*made, auth.store.clock(), as_json=as_json)


@keys.command()
@click.argument("id_", metavar="ID")
@click.option("--overlap", type=click.FloatRange(0), default=0.0, help="Hours for which the old one works on.")
@json_option
@config_options
@click.pass_obj
def rotate(session: Session, /, id_: str, overlap: float, *, as_json: bool) -> None:
    """Make another key for the one with this ID, which then ends; the new one is told once."""
    with opened(session) as auth:
        old = auth.credentials.get(id_)
        account = auth.accounts.get(old.account, old.tenant)
        _tell(*auth.credentials.rotate(old, account, overlap * 3_600), auth.store.clock(), as_json=as_json)


@keys.command()
@click.argument("id_", metavar="ID")
@config_options
@click.pass_obj
def revoke(session: Session, /, id_: str) -> None:
    """Let the key with this ID work no more, at once and on all servers of the data folder."""
    with opened(session) as auth:
        revoked = auth.credentials.revoke(auth.credentials.get(id_))
    click.echo(f"Key {id_} is revoked{'' if revoked else ' already'}.")


@keys.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Say whether the standard input is a key as one is made; nothing is looked up."""
    kind = kind_of(sys.stdin.readline().strip())
    click.echo("This is no key, or not as it was made." if kind is None else f"This is a key of kind {kind}.")
    context.exit(1 if kind is None else 0)


def _tell(known: ApiKey, key: Key, now: float, *, as_json: bool) -> None:
    print_facts(_facts(known, now) | {"key": key.text}, as_json=as_json)


def _facts(key: ApiKey, now: float) -> dict[str, object]:
    return {
        "id": key.id,
        "account": key.account,
        "tenant": key.tenant,
        "label": key.label,
        "shown": key.shown,
        "scopes": list(key.scopes),
        "state": key.state(now),
        "created_at": time_text(key.created_at),
        "expires_at": time_text(key.expires_at),
        "used_at": time_text(key.used_at),
    }
