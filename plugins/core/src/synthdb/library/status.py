"""What has become of a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from synthdb.library.keys import Key, key_of
from synthdb.library.session import Session
from synthdb_host.versions import History

__all__ = ["RowStatus", "StatusMethods"]

_EVERY = 1_000_000


@dataclass(frozen=True, slots=True)
class RowStatus:
    """Whether a row is there, and when, by whom and how often it was written."""

    state: Literal["live", "deleted"]
    created_at: datetime
    created_by: str | None
    changed_at: datetime
    changed_by: str | None
    versions: int


class StatusMethods(Session):
    """The method that says what has become of a row."""

    def row_status(self, table: str, key: Key) -> RowStatus:
        """Say whether a row is there or deleted, since when, and by whom; as far back as history is kept.

        Raises:
            UnknownTable: there is no such table.
            NotFound: there never was a row of this key.
            InvalidValue: the key has another number of columns.

        Example:
            >>> db.row_status("people", 1).state
            'live'
        """
        values = key_of(self.catalog().table(table), key)
        versions = self.execute(History(table, values, None, self._ref, _EVERY)).python()
        newest, oldest = versions[0], versions[-1]
        return RowStatus(
            "deleted" if newest["change"] == "delete" else "live",
            oldest["at"],
            oldest["author"],
            newest["at"],
            newest["author"],
            len(versions),
        )
