"""Which Alembic revisions a folder leads to, read from the text of its files.

To import Alembic takes a third of a start, and nearly always it would find nothing to do.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["ENVIRONMENT", "heads"]

ENVIRONMENT: Final = Path(__file__).parent / "control_migrations"
"""Alembic's environment for the control database, and the host's own revisions."""


def heads(versions: Path) -> frozenset[str] | None:
    """Name the newest revisions of a folder, None where only Alembic can tell."""
    try:
        facts = [dict(_constants(path)) for path in versions.glob("*.py") if path.name != "__init__.py"]
    except (SyntaxError, ValueError):
        return None
    names = {fact.get("revision") for fact in facts}
    older = {fact.get("down_revision", ...) for fact in facts} - {None}
    if not all(isinstance(name, str) for name in names | older):
        return None
    return frozenset(str(name) for name in names - older)


def _constants(path: Path) -> Iterator[tuple[str, object]]:
    """Yield what a module assigns to single names, as far as these are constants."""
    for node in ast.parse(path.read_bytes()).body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(value)) | ast.AnnAssign(
                ast.Name(name), _, ast.Constant(value)
            ):
                yield name, value
