"""Write the reference pages of ``docs/`` that are made from the code: errors, hooks, settings, commands.

Usage: ``python scripts/docs.py`` writes the pages; ``--check`` writes nothing and fails when one is stale.
"""

import argparse
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from click import Command, Context, Group
from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["PAGES", "commands_page", "errors_page", "hooks_page", "main", "settings_page"]

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
NOTICE: Final = "<!-- Written by `make docs` from the docstrings; edit those. -->"


def errors_page() -> str:
    """Return the page of error codes, by HTTP status."""
    from synthdb_host import errors

    classes = [getattr(errors, name) for name in errors.__all__]
    requests = [item for item in classes if issubclass(item, errors.RequestError)]
    requests.remove(errors.RequestError)
    others = [item for item in classes if item not in requests]
    lines = _heading(
        "Errors",
        "Every refused request is answered with `application/problem+json` and one of these codes. A code "
        "never changes its meaning; `/errors/{code}` of a server tells the same, as a page or as JSON. The embedded "
        "library raises the class of the same row.",
    )
    lines += ["| status | code | class | meaning | what to do |", "|---|---|---|---|---|"]
    for item in sorted(requests, key=lambda item: (item.status, item.code, item.__name__)):
        lines.append(f"| {item.status} | `{item.code}` | `{item.__name__}` | {_summary(item)} | {_summary(item, 1)} |")
    lines += ["", "## Raised outside of requests", "", "| class | meaning |", "|---|---|"]
    lines += [f"| `{item.__name__}` | {_summary(item)} |" for item in others]
    return _text(lines)


def hooks_page() -> str:
    """Return the page of hooks, in lifecycle order, with their exact arguments."""
    from synthdb_host import hookspecs

    lines = _heading("Hooks", inspect.cleandoc(hookspecs.__doc__ or ""))
    for name, hook in vars(hookspecs.HostSpecs).items():
        if name.startswith(f"{hookspecs.PROJECT}_"):
            sealed = ["", "*Sealed: no wrapper may stand around it.*"] if name in hookspecs.SEALED else []
            lines += [f"## `{_signature(name, hook)}`", *sealed, "", inspect.getdoc(hook) or "", ""]
    return _text(lines)


def settings_page() -> str:
    """Return the page of settings: key, environment variable, type, default and meaning."""
    from synthdb_host import settings

    lines = _heading("Settings", inspect.cleandoc(settings.__doc__ or ""))
    lines += _settings_section(settings.HostSettings, ())
    for plugin, model in _plugin_settings():
        lines += _settings_section(model, ("plugins", plugin))
    return _text(lines)


def commands_page() -> str:
    """Return the page of commands: what ``--help`` prints for each."""
    from synthdb_host.cli import synthdb

    lines = _heading("Commands", "What `synthdb COMMAND --help` prints, for the host and the plugins beside it.")
    for path, text in _help_texts(synthdb, ("synthdb",), None):
        lines += [f"## `{' '.join(path)}`", "", "```text", text.rstrip(), "```", ""]
    return _text(lines)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "errors.md": errors_page,
    "hooks.md": hooks_page,
    "settings.md": settings_page,
    "cli.md": commands_page,
}


def _heading(title: str, introduction: str) -> list[str]:
    return [f"# {title}", "", NOTICE, "", introduction, ""]


def _text(lines: list[str]) -> str:
    # Docstrings name things as :mod:`name`, which Markdown would print as it stands.
    return re.sub(r":[a-z]+:(?=`)", "", "\n".join(lines)).rstrip() + "\n"


def _summary(item: object, position: int = 0) -> str:
    paragraph = (inspect.getdoc(item) or "").split("\n\n")[position]
    return " ".join(paragraph.split()).replace("|", "\\|")


def _signature(name: str, hook: Callable[..., object]) -> str:
    signature = inspect.signature(hook)
    arguments = [str(value) for key, value in signature.parameters.items() if key != "self"]
    returns = signature.return_annotation
    shown = f"{name}({', '.join(arguments)}) -> {inspect.formatannotation(returns)}"
    return shown.replace("'", "").replace('"', "")


def _plugin_settings() -> Iterator[tuple[str, type[BaseModel]]]:
    from synthdb_host.manifest import MANIFEST, parse_manifest

    found = [path for folder in ("plugins", "contrib") for path in sorted(ROOT.glob(f"{folder}/*/src/**/{MANIFEST}"))]
    for path in found:
        manifest = parse_manifest(path.read_text(encoding="utf-8"))
        if manifest.settings:
            yield manifest.id, pkgutil.resolve_name(manifest.settings)


def _settings_section(model: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    lines = [f"## `[{'.'.join(path)}]`", "", _summary(model), ""] if path else []
    lines += ["| key | environment | type | default | meaning |", "|---|---|---|---|---|"]
    nested = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            nested += _settings_section(field.annotation, (*path, name))
        else:
            lines.append(_settings_row((*path, name), field))
    return [*lines, "", *nested]


def _settings_row(path: tuple[str, ...], field: FieldInfo) -> str:
    kind = re.sub(r"\b(?:\w+\.)+", "", inspect.formatannotation(field.annotation)).replace("|", "\\|")
    default = "required" if field.is_required() else f"`{_default(field)}`"
    variable = "SYNTHDB_" + "__".join(path).upper()
    return f"| `{path[-1]}` | `{variable}` | `{kind}` | {default} | {field.description or ''} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return str(value) if isinstance(value, Path) else repr(value)


def _help_texts(
    command: Command, path: tuple[str, ...], parent: Context | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    # Making the context is what imports a command, so the real one is found there.
    context = command.make_context(path[-1], [], parent, resilient_parsing=True, terminal_width=100)
    real = context.command
    yield path, real.get_help(context)
    if isinstance(real, Group):
        for name in real.list_commands(context):
            inner = real.get_command(context, name)
            yield from _help_texts(inner, (*path, name), context) if inner else ()


def _refresh(page: Path, text: str, *, check: bool) -> bool:
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return False
    print(f"docs/{page.name} is stale; run `make docs`" if check else f"writing docs/{page.name}")
    if not check:
        page.write_text(text, encoding="utf-8")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Write the pages that are stale, or with ``--check`` name them and return 1."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    check = parser.parse_args(arguments).check
    # All plugins of this repository have commands on the page, whatever is chosen here.
    os.environ |= {"SYNTHDB_PLUGINS__AUTOLOAD": "true"}
    stale = [name for name, make in PAGES.items() if _refresh(DOCS / name, make(), check=check)]
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
