"""``synthdb graphql``."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from synthdb.commands.graphql_schema import diff, sdl
from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, json_option, state_of
from synthdb.commands.showing import echo_json, echo_table
from synthdb.queries.documents import DocumentStore, texts_of
from synthdb_host.errors import InvalidBody
from synthdb_host.operations import Ref
from synthdb_host.session import Session

__all__ = ["command"]

_SHOWN: Final = 16
"""Digits of a hash that are listed; remove takes as many as make it one of a kind."""


@click.group("graphql")
def command() -> None:
    """Work with what GraphQL needs beside the tables."""


command.add_command(sdl)
command.add_command(diff)


@command.group("documents")
def _documents() -> None:
    """List, register and remove the documents that clients name by their hash."""


@_documents.command("list")
@json_option
@branch_option
@at_option
@database_options
@click.pass_obj
def list_(session: Session, /, branch: str, at: str | None, *, as_json: bool, db: str | None) -> None:
    """List the registered documents."""
    with opened(session, db, state_of(at, branch)) as connection:
        found = DocumentStore(connection).all()
    if as_json:
        echo_json([{"digest": one.digest, "operations": one.operations, "text": one.text} for one in found])
        return
    rows = [{"digest": one.digest[:_SHOWN], "operations": one.operations} for one in found]
    echo_table(("digest", "operations"), rows, "There are none.")


@_documents.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@branch_option
@database_options
@click.pass_obj
def register(session: Session, /, files: tuple[str, ...], branch: str, db: str | None) -> None:
    """Register the documents of FILEs, as one commit; those that are known already stay.

    A FILE that ends with .json is a manifest, as Relay's compiler or Apollo's tools write it, or export. Any other is
    the text of one document, byte by byte as clients hash it. With - it is read from the input.
    """
    texts = [text for file in files for text in _texts(file)]
    with opened(session, db, Ref(branch)) as connection:
        found = DocumentStore(connection).register(texts)
    for one in found:
        click.echo(f"{one.digest} {one.operations}".rstrip())


@_documents.command()
@click.argument("digest")
@branch_option
@database_options
@click.pass_obj
def remove(session: Session, /, digest: str, branch: str, db: str | None) -> None:
    """Remove the document whose hash is or begins with DIGEST; a restore of its row brings it back."""
    with opened(session, db, Ref(branch)) as connection:
        removed = DocumentStore(connection).remove(digest)
    click.echo(f"{removed.digest} is removed.")


@_documents.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write. Default: the output.")
@branch_option
@at_option
@database_options
@click.pass_obj
def export(session: Session, /, out: Path | None, branch: str, at: str | None, db: str | None) -> None:
    """Write the registered documents as a manifest: a JSON object of hashes and texts."""
    with opened(session, db, state_of(at, branch)) as connection:
        found = DocumentStore(connection).all()
    text = json.dumps({one.digest: one.text for one in found}, indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")


def _texts(name: str) -> Iterator[str]:
    """Give the documents of a file, whose line ends are part of what is hashed."""
    content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        text = content.decode()
        if name.endswith(".json"):
            yield from texts_of(json.loads(text))
        else:
            yield text
    except UnicodeDecodeError as error:
        raise InvalidBody(f"{name} is not UTF-8: {error.reason} at byte {error.start}.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidBody(f"{name} is not JSON: {error}.") from error
