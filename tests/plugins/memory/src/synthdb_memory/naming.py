"""Which names tables and columns may have."""

import unicodedata
from collections.abc import Iterable

from synthdb_host.errors import DuplicateName, InvalidName

__all__ = ["check_new"]

_LONGEST = 128


def check_new(name: str, taken: Iterable[str], kind: str) -> str:
    """Check the name of a new table or column and give it in Unicode's composed form.

    Raises:
        InvalidName: it is empty, too long, starts with an underscore or holds a control character.
        DuplicateName: the name exists, perhaps in other letter case.
    """
    name = unicodedata.normalize("NFC", name)
    if not 0 < len(name) <= _LONGEST or name.startswith("_") or not _printable(name):
        raise InvalidName(f"{name!r} cannot name a {kind}.", data={"name": name})
    folded = name.casefold()
    if any(folded == other.casefold() for other in taken):
        raise DuplicateName(f"There is a {kind} {name!r} already.", data={"name": name})
    return name


def _printable(name: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
