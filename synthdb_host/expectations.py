"""What a write expects of the rows that it finds: their versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from synthdb_host.errors import PreconditionFailed, PreconditionRequired

if TYPE_CHECKING:
    from synthdb_host.catalog import Table
    from synthdb_host.operations import Delete, Insert, Update

__all__ = ["ANY_VERSION", "Expected", "check_guard"]

ANY_VERSION: Final = "*"


@dataclass(frozen=True, slots=True)
class Expected:
    """Which versions of rows a write may find, compared inside its transaction (capability ``row_versions``).

    A row that it finds must be of a version in ``match`` and of none in ``none_match``; :data:`ANY_VERSION` stands
    for any, None demands nothing. An insert looks for the rows with its keys; one that is not there has no version.
    A row's version changes whenever a write changes the row, and only then.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def require(self, table: str, versions: Iterable[str | None]) -> None:
        """Compare the versions of what was found.

        Raises:
            PreconditionFailed: one is not as expected.
        """
        if not all(map(self._admits, versions)):
            raise PreconditionFailed(
                f"A row of {table!r} is not of the version expected; nothing was changed.",
                hint="Read it again, and decide anew.",
                data={"table": table},
            )

    def _admits(self, version: str | None) -> bool:
        if self.match is not None and not _among(version, self.match):
            return False
        return self.none_match is None or not _among(version, self.none_match)


def _among(version: str | None, listed: frozenset[str]) -> bool:
    return version is not None and (ANY_VERSION in listed or version in listed)


def check_guard(operation: "Insert | Update | Delete", table: "Table") -> None:
    """Refuse a guarded write that expects nothing of the rows that it may change, where the table wants it to.

    Raises:
        PreconditionRequired: it does.
    """
    if not (operation.guarded and table.preconditions and operation.expected is None):
        return
    conflict = getattr(operation, "on_conflict", None)
    if hasattr(operation, "on_conflict") and (conflict is None or conflict.resolution == "ignore"):
        return
    raise PreconditionRequired(
        f"Writes to {table.name!r} must name the version of the row that they change.",
        hint="Send If-Match with the ETag of the row, or If-None-Match: * for a new one.",
        data={"table": table.name},
    )
