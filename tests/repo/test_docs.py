"""The reference pages are complete: every error code, hook, setting and command is on its page."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from synthdb_host import errors, hookspecs

ROOT: Final = Path(__file__).resolve().parents[2]
ERRORS: Final = tuple(errors.__all__)
HOOKS: Final = tuple(name for name in vars(hookspecs.HostSpecs) if name.startswith("synthdb_"))
KINDS: Final = ("contribution", "decision (sealed)", "event")


def page(name: str) -> str:
    """Read a page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_generated_pages_are_fresh() -> None:
    """What the pages say is what the docstrings say today."""
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (0, "") == (result.returncode, result.stdout + result.stderr)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_documented(name: str) -> None:
    """Every error class is on the page of errors with its code and its meaning."""
    text = page("errors.md")
    item = getattr(errors, name)

    assert item.__doc__
    assert f"`{name}`" in text
    assert f"`{getattr(item, 'code', name)}`" in text


def test_an_error_code_has_one_class() -> None:
    """A code means one thing, so only one class has it."""
    classes = [getattr(errors, name) for name in ERRORS]
    codes = [item.code for item in classes if issubclass(item, errors.RequestError) and "code" in vars(item)]

    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented_with_its_arguments_and_its_kind(name: str) -> None:
    """A plugin author reads the exact signature, and which of the three rules for errors applies."""
    hook = getattr(hookspecs.HostSpecs, name)
    arguments = [key for key in inspect.signature(hook).parameters if key != "self"]
    (shown,) = re.findall(rf"^## `{name}\((.*)\) -> .*`$", page("hooks.md"), flags=re.MULTILINE)
    text = " ".join((inspect.getdoc(hook) or "").split())

    assert arguments == [part.partition(":")[0].strip() for part in shown.split(", ") if part]
    assert any(f"Kind: {kind}" in text for kind in KINDS)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_tested(name: str) -> None:
    """No hook without a test that names it."""
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py"), *ROOT.glob("contrib/*/tests/**/*.py")]
    naming = [path for path in files if "repo" not in path.parts and name in path.read_text(encoding="utf-8")]

    assert [] != naming


LINKED: Final = tuple(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))


@pytest.mark.parametrize("name", sorted(LINKED))
def test_every_link_leads_to_a_file(name: str) -> None:
    """A link to a page, a picture or a folder of this repository is one that a reader can follow."""
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)
    paths = [(first or second).partition("#")[0] for first, second in targets if "://" not in first + second]

    assert [] == [path for path in paths if path and not ((ROOT / name).parent / path).exists()]
