"""What the engine offers, apart from the engine itself so that a host can know it without loading it."""

from typing import Final

from synthdb_host.contracts import Capability

__all__ = ["CAPABILITIES"]

CAPABILITIES: Final[frozenset[Capability]] = frozenset(
    {
        "sql", "transactions", "foreign_keys", "checks", "define", "dry_run", "as_of", "branches", "merge", "changes",
        "row_versions", "idempotency", "streams", "follow", "records",
    }
)  # fmt: skip
"""Everything that the storage contract knows, in files and on servers."""
