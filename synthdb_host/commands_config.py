"""``synthdb config``: the configuration that is in force, where it comes from, and what could be set."""

import click

from synthdb_host.configuration import effective, example, models, schema
from synthdb_host.selection import Selection
from synthdb_host.session import Session, config_options, print_json, print_rows

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show and explain the configuration."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_options
@click.pass_obj
def show(session: Session, /, *, as_json: bool) -> None:
    """Show every setting in force. Secrets are masked."""
    settings = session.settings()
    values = effective(settings, models(settings.selection))
    if as_json:
        print_json(values)
    else:
        print_rows([{"key": key, "value": values[key]} for key in values], "{key} = {value}", as_json=False)


@config.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_options
@click.pass_obj
def explain(session: Session, /, key: str, *, as_json: bool) -> None:
    """Show the value of KEY and where it comes from."""
    settings = session.settings()
    values = effective(settings, models(settings.selection), key)
    rows = [{"key": name, "value": value, "source": settings.source(name)} for name, value in values.items()]
    print_rows(rows, "{key} = {value}  ({source})", as_json=as_json)


@config.command("schema")
def schema_() -> None:
    """Print the JSON schema of the file, with the sections of plugins."""
    print_json(schema(models(Selection.read())))


@config.command("example")
def example_() -> None:
    """Print a file with every setting, commented out."""
    click.echo(example(models(Selection.read())), nl=False)
