"""``synthdb auth``: for whoever runs the server; each change is in the audit log as done by ``local``."""

import click

from synthdb_auth.commands.audit import audit
from synthdb_auth.commands.explaining import explain, visible
from synthdb_auth.commands.granting import grants, require, roles, share, teams
from synthdb_auth.commands.keys import keys
from synthdb_auth.commands.users import setup, users

__all__ = ["auth"]


@click.group("auth")
def auth() -> None:
    """Accounts, keys, roles, grants, and the log of what was done."""


for _command in (audit, explain, grants, keys, require, roles, setup, share, teams, users, visible):
    auth.add_command(_command)
