"""What is public is exactly what ``__all__`` says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = (
    "synthdb_host",
    *(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/*/src/*/py.typed")),
)
MODULES: Final = tuple(
    sorted(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not any(part.endswith("migrations") for part in path.parts) and not path.stem.startswith("__main")
    )
)
TYPE_VARIABLES: Final = frozenset({"ParamSpec", "TypeVar", "TypeVarTuple"})
every_module = pytest.mark.parametrize("module", MODULES)


def tree_of(module: str) -> ast.Module:
    """Parse a module without importing it."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def exported(tree: ast.Module) -> list[str]:
    """Return the names in ``__all__``, or none."""
    values = [node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in _targets(node)]
    return [str(name) for value in values for name in ast.literal_eval(value)]


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module itself defines."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # A command of a group is public under its name on the command line, not under its function's.
            yield from () if _is_command(node) else (node.name,)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _is_type_variable(node):
            yield from _targets(node)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_type_variable(node: ast.Assign | ast.AnnAssign) -> bool:
    call = node.value
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in TYPE_VARIABLES


def _is_command(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = (item.func for item in node.decorator_list if isinstance(item, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr == "command" for call in calls)


def by_kind(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Order names as the linter does: constants, classes, the rest; digits by value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, [(int(part or 0), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


@every_module
def test_all_names_each_public_name_once(module: str) -> None:
    """A name without an underscore is in ``__all__``, once."""
    tree = tree_of(module)
    names = exported(tree)
    public = {name for name in defined(tree) if not name.startswith("_")}

    assert set() == public - set(names)
    assert sorted(set(names)) == sorted(names)


@every_module
def test_all_names_nothing_that_is_not_there(module: str) -> None:
    """Every name in ``__all__`` can be imported, also where it is found only when it is asked for."""
    package = module.removesuffix(".py").removesuffix("/__init__").partition("/src/")
    path = (package[2] or package[0]).replace("/", ".")

    missing = object()
    found = resolve_name(path)

    assert [] == [name for name in exported(tree_of(module)) if getattr(found, name, missing) is missing]


@every_module
def test_all_is_sorted(module: str) -> None:
    """A reader finds a name where it belongs."""
    names = exported(tree_of(module))

    assert sorted(names, key=by_kind) == names


@every_module
def test_every_public_class_and_function_is_documented(module: str) -> None:
    """A public name says what it means."""
    tree = tree_of(module)
    names = set(exported(tree))
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in names
        and not ast.get_docstring(node)
    ]

    assert [] == silent
