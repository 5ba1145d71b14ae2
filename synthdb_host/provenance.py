"""Where each setting comes from: an argument, an environment variable, a line of the file, or the default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

__all__ = ["PREFIX", "Provenance"]

PREFIX = "SYNTHDB_"

_HEADER = re.compile(r"\s*\[\[?\s*([\w\-. \"']+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([\w\-. \"']+?)\s*=")

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The sources of one set of settings, by key path."""

    arguments: frozenset[str] = frozenset()
    variables: Mapping[_Key, str] = field(default_factory=dict)
    file: Path | None = None
    lines: Mapping[_Key, int] = field(default_factory=dict)

    @classmethod
    def trace(cls, arguments: Mapping[str, object], environ: Mapping[str, str], file: Path | None) -> Self:
        """Note what each source sets."""
        variables = {
            tuple(name[len(PREFIX) :].lower().split("__")): name for name in environ if name.upper().startswith(PREFIX)
        }
        lines = _lines(file.read_text("utf-8")) if file else {}
        return cls(frozenset(arguments), variables, file, lines)

    def source(self, *key: str) -> str:
        """Name the source that decides a key, or the nearest section around it."""
        if key[0] in self.arguments:
            return "argument"
        sections = [key[:length] for length in range(len(key), 0, -1)]
        for section in sections:
            if section in self.variables:
                return f"environment {self.variables[section]}"
        for section in sections:
            if section in self.lines:
                return f"{self.file}:{self.lines[section]}"
        return "default"


def _lines(text: str) -> dict[_Key, int]:
    """Map each key of a TOML text to its line."""
    lines: dict[_Key, int] = {}
    table: _Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _split(header[1])
        elif key := _KEY.match(line):
            lines.setdefault(table + _split(key[1]), number)
    return lines


def _split(dotted: str) -> _Key:
    return tuple(part.strip(" \"'") for part in dotted.split("."))
