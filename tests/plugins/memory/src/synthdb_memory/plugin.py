"""What the plugin gives to the host."""

from collections.abc import Sequence

from synthdb_host.contracts import StorageBackend
from synthdb_host.hookspecs import hookimpl
from synthdb_memory.database import CAPABILITIES, open_memory

__all__ = ["MemoryPlugin", "plugin"]


class MemoryPlugin:
    """Databases under ``memory:`` URLs."""

    @hookimpl
    def synthdb_storage_backends(self) -> Sequence[StorageBackend]:
        """Contribute the scheme ``memory``."""
        return (StorageBackend("memory", open_memory, CAPABILITIES),)


plugin = MemoryPlugin()
