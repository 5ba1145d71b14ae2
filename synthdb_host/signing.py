"""Signing: one secret of an installation, from which each purpose has a key of its own."""

import hmac
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from synthdb_host.settings import Secret

__all__ = ["Signing"]

_FILE: Final = "secret.key"
_BYTES: Final = 32


class Signing:
    """Gives keys that all processes of an installation agree on, and that nobody else knows.

    The secret is the setting ``secret_key``, or a file of the data folder that is made when a key is first asked for.
    Where no file can be made, it is a secret of this process and those forked from it.

    Args:
        folder: the data folder.
        secret: the setting.
    """

    def __init__(self, folder: Path, secret: "Secret | None" = None) -> None:
        self._path = folder / _FILE
        self._given = secret
        self._own = secrets.token_bytes(_BYTES)

    def key(self, purpose: str) -> bytes:
        """Give the key of a purpose, such as ``rest.cursors``.

        Raises:
            ConfigurationError: the setting refers to what cannot be read.
        """
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    @cached_property
    def _secret(self) -> bytes:
        if self._given is not None:
            return self._given.resolve().encode()
        try:
            return self._path.read_bytes() if self._path.exists() else self._made()
        except OSError:
            return self._own

    def _made(self) -> bytes:
        """Make the file, whole or not at all; of several processes the first decides."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{_FILE}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._own)
                file.flush()
                os.fsync(file.fileno())
            os.link(name, self._path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
        return self._path.read_bytes()
