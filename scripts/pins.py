"""Print the pinned requirements, hashes included, of one of the project's sets of packages.

``constraints.txt`` pins every package of every set. What a single target of the Makefile needs is less; this
script follows the ``# via`` notes of that file from the packages a set names to all that they need. It uses
the standard library only, because it runs before anything is installed.

Usage: ``python3 scripts/pins.py {uv,runtime,suite,test,lint,bench}``
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["SETS", "Pin", "closure", "main", "read_pins", "roots"]

ROOT: Final = Path(__file__).resolve().parent.parent
SETS: Final[dict[str, tuple[str, ...]]] = {
    "uv": ("uv",),
    "runtime": ("runtime", "fast"),
    "suite": ("runtime", "fast", "suite"),
    "test": ("runtime", "fast", "test", "data"),
    "lint": ("runtime", "fast", "test", "lint"),
    "bench": ("runtime", "fast", "test", "data", "bench"),
}
"""What each set is made of: ``runtime`` is what the packages of this repository depend on, ``fast`` their
extra of that name, ``uv`` is that one package, everything else is a dependency group of the root project."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One block of the constraints file: a package, its text, and the packages that ask for it."""

    name: str
    text: str
    asked_by: frozenset[str]


def canonical(requirement: str) -> str:
    """Return the normalised package name that a requirement begins with."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        message = f"not a requirement: {requirement!r}"
        raise ValueError(message)
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def read_pins(text: str) -> tuple[Pin, ...]:
    """Split the text of a constraints file into its pins."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return tuple(_pin(block) for block in blocks)


def _pin(block: str) -> Pin:
    lines = [line for line in block.splitlines() if line.strip()]
    notes = [line.strip().lstrip("# ").removeprefix("via").strip() for line in lines if "#" in line]
    asked_by = frozenset(canonical(note) for note in notes if note)
    return Pin(canonical(block), "\n".join(line for line in lines if "#" not in line), asked_by)


def closure(pins: Iterable[Pin], names: Iterable[str]) -> list[Pin]:
    """Return the pins of these packages and of everything they need, in the order given."""
    pins, wanted = tuple(pins), set(names)
    while True:
        found = {pin.name for pin in pins if pin.name in wanted or pin.asked_by & wanted}
        if found <= wanted:
            return [pin for pin in pins if pin.name in wanted]
        wanted |= found


def roots(parts: Iterable[str]) -> set[str]:
    """Return the names of the packages that these parts of a set ask for directly."""
    return {canonical(name) for part in parts for name in _requirements(part)}


def _requirements(part: str) -> Iterator[str]:
    projects = [_project(path) for path in (ROOT / "pyproject.toml", *_plugins())]
    if part == "uv":
        yield part
    elif part == "runtime":
        names = (name for item in projects for name in item["project"].get("dependencies", ()))
        yield from (name for name in names if not canonical(name).startswith("synthdb-"))
    elif part == "fast":
        extras = (item["project"].get("optional-dependencies", {}) for item in projects)
        yield from (name for extra in extras for name in extra.get("fast", ()))
    else:
        yield from _group_requirements(projects[0]["dependency-groups"], part)


def _plugins() -> Iterator[Path]:
    for folder in ("plugins", "contrib"):
        yield from sorted(ROOT.glob(f"{folder}/*/pyproject.toml"))


def _group_requirements(groups: dict[str, Any], name: str) -> Iterator[str]:
    for entry in groups[name]:
        if isinstance(entry, dict):
            yield from _group_requirements(groups, entry["include-group"])
        else:
            yield entry


def _project(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    """Print the pins of a set; fail naming the package when one has no pin."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", choices=sorted(SETS))
    names = roots(SETS[parser.parse_args(arguments).set])
    pins = closure(read_pins((ROOT / "constraints.txt").read_text(encoding="utf-8")), names)
    missing = names - {pin.name for pin in pins}
    if missing:
        print(f"not in constraints.txt: {', '.join(sorted(missing))}; run `make constraints`", file=sys.stderr)
        return 1
    print("\n".join(pin.text for pin in pins))
    return 0


if __name__ == "__main__":
    sys.exit(main())
