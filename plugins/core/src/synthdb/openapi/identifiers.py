"""Identifiers for names that may hold any character."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["class_name", "identifiers"]

_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")
_LONGEST: Final = 60


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Give each name an identifier that no tool takes for that of another.

    Tools compare without case and leave out underscores, so identifiers differ in more than these. A name that is an
    identifier keeps itself; of those that would become the same, all but one end with a digest of the name.
    """
    plain = {name: _plain(name) for name in names}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(plain, key=lambda name: (plain[name] != name, name)):
        found[name] = identifier = _free(name, plain[name], taken)
        taken.add(_folded(identifier))
    return found


def class_name(identifier: str) -> str:
    """Write an identifier as the name of a class: ``order_lines`` is ``OrderLines``."""
    return "".join(part[:1].upper() + part[1:] for part in identifier.split("_"))


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _UNFIT.sub("_", text).strip("_")[:_LONGEST].rstrip("_")
    return plain if plain[:1].isalpha() else f"n{plain}"


def _free(name: str, plain: str, taken: set[str]) -> str:
    identifier, size = plain, 3
    while _folded(identifier) in taken:
        identifier = f"{plain}_{hashlib.blake2b(name.encode(), digest_size=size).hexdigest()}"
        size += 1
    return identifier


def _folded(identifier: str) -> str:
    return identifier.replace("_", "").lower()
