"""``synthdb plugins new``: a project for a plugin, which passes its own tests."""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Final

import click

from synthdb_host.errors import ConfigurationError
from synthdb_host.manifest import id_problem

__all__ = ["new"]

_KINDS: Final = ("api", "auth", "meter", "middleware", "policy", "routes", "task")
_SUMMARY: Final = r"[^\\\x00-\x1f\x7f]{1,200}"
_PACKAGED: Final = Path(__file__).parent / "_template"
_SOURCE: Final = Path(__file__).parents[1] / "contrib" / "_template"


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--kind", type=click.Choice(_KINDS), default="routes", show_default=True, help="What it does.")
@click.option("--summary", help="What it is for, in one sentence.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="Folder in which its folder is made."
)
@click.option("--dry-run", is_flag=True, help="Only say which files there would be.")
def new(id_: str, kind: str, summary: str | None, into: Path, *, dry_run: bool) -> None:
    """Make a project for a plugin called ID, which works as it is.

    It has a manifest, settings or routes by its kind, types, tests, and the conformance suite of plugins. A storage
    backend is described in the documentation, with the suite that it must pass.
    """
    if problem := id_problem(id_):
        raise ConfigurationError(problem)
    if summary and (not re.fullmatch(_SUMMARY, summary) or '"""' in summary):
        raise ConfigurationError("a summary is one line of at most 200 characters, without backslashes")
    folder = into / f"synthdb-{id_.replace('_', '-')}"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is there already; nothing was written")
    given = {"id": id_, "kind": kind} | ({"summary": summary.rstrip(".")} if summary else {})
    if dry_run:
        with TemporaryDirectory() as instead:
            _write(Path(instead), given)
            click.echo("\n".join(sorted(str(folder / path.relative_to(instead)) for path in _files(Path(instead)))))
        return
    _write(folder, given)
    click.echo(f"Made {folder}, a plugin of the kind {kind!r}.")
    click.echo(f"Next: cd {folder} && pip install --editable '.[test]' && pytest && synthdb plugins check {id_}")


def _write(folder: Path, given: Mapping[str, str]) -> None:
    template = _PACKAGED if _PACKAGED.is_dir() else _SOURCE
    _copier().run_copy(str(template), folder, data=dict(given), defaults=True, quiet=True)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _copier() -> ModuleType:
    try:
        import copier  # noqa: PLC0415 - an extra, for authors alone
    except ModuleNotFoundError as error:
        raise ConfigurationError("writing a project needs copier: pip install 'synthdb-host[new]'") from error
    found: ModuleType = copier
    return found
