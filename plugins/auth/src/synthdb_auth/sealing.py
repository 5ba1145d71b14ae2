"""How entries of the audit log are sealed, so that a changed, missing or moved one is seen.

Each entry's digest is keyed and covers the digest of the one before it: who can write to the database, but does not
have the installation's secret, can make none. The last one is kept in a file beside the database, too, so that a log
whose end was cut off, or that was exchanged for an older copy, does not pass for whole.
"""

import hmac
import os
import struct
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

__all__ = ["Checkpoint", "Entry", "Sealer"]

_FILE: Final = "auth.checkpoint"


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: who did what to whom, and how that ended; ``details`` is JSON."""

    at: float
    tenant: str
    actor: str
    action: str
    subject: str
    outcome: str
    details: str

    def values(self) -> dict[str, object]:
        """Give the values of its columns."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which entry was the last one, and its digest."""

    number: int
    digest: bytes


class Sealer:
    """Seals entries with a key of the installation.

    Args:
        key: the key.
        folder: the data folder.
    """

    def __init__(self, key: bytes, folder: Path) -> None:
        self._key = key
        self._path = folder / _FILE

    def seal(self, number: int, entry: Entry, before: bytes) -> bytes:
        """Give the digest of an entry that comes after the one with the digest ``before``."""
        parts = [
            before,
            struct.pack(">qd", number, entry.at),
            *(text.encode() for text in list(entry.values().values())[1:] if isinstance(text, str)),
        ]
        return hmac.digest(self._key, b"".join(struct.pack(">q", len(part)) + part for part in parts), "sha256")

    def keep(self, number: int, digest: bytes) -> None:
        """Keep the last entry beside the database, unless a later one is kept already."""
        known = self.kept()
        if known is not None and known.number >= number:
            return
        line = f"{number} {digest.hex()}"
        seal = hmac.digest(self._key, line.encode(), "sha256").hex()
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{_FILE}.")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{line} {seal}\n")
        Path(name).replace(self._path)

    def kept(self) -> Checkpoint | None:
        """Give the last entry that was kept; None: there is none, or it is not one of ours."""
        try:
            number, digest, seal = self._path.read_text("ascii").split()
            wanted = hmac.digest(self._key, f"{number} {digest}".encode(), "sha256").hex()
            return Checkpoint(int(number), bytes.fromhex(digest)) if hmac.compare_digest(seal, wanted) else None
        except (OSError, ValueError):
            return None
