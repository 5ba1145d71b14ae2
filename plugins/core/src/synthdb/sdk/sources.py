"""The files of a client: those of the runtime, and how all of them get into a folder."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

__all__ = ["runtime_files", "stale", "write"]


def runtime_files(language: str, ending: str) -> dict[str, str]:
    """Give the files of a language's runtime by their names."""
    folder = files("synthdb.sdk.runtimes").joinpath(language)
    found = sorted((item for item in folder.iterdir() if item.name.endswith(ending)), key=lambda item: item.name)
    return {item.name: item.read_text(encoding="utf-8") for item in found}


def stale(folder: Path, sources: Mapping[str, str]) -> list[str]:
    """Give the paths of files that are missing in a folder, or are not what they would be made now."""
    return [path for path, text in sources.items() if _read(folder / path) != text.encode()]


def write(folder: Path, sources: Mapping[str, str]) -> list[str]:
    """Write what is stale, leave all other files alone, and give the paths written."""
    changed = stale(folder, sources)
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(sources[path], encoding="utf-8", newline="\n")
    return changed


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
