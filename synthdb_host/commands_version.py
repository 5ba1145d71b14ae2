"""``synthdb version``."""

from importlib.metadata import version as installed

import click

__all__ = ["version"]


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"synthdb {installed('synthdb-host')}")
