"""Operations on records: what belongs to a database and is nobody's rows.

A record is a JSON value by kind and key: a webhook with its secret, how far a consumer of changes has come. It moves
with its database, and is neither in its tables nor its history: no branch, no SQL and no API shows it, and writing it
is no commit. The action that a caller needs is the kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synthdb_host.errors import PreconditionFailed

__all__ = ["KeepRecords", "Recording", "Records"]


@dataclass(frozen=True, slots=True)
class Records:
    """Read the records of a kind whose keys begin with ``prefix``, by key. Columns: key, value."""

    kind: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class KeepRecords:
    """Write records of a kind by key, all or none; None removes one.

    Nothing is written unless the records in ``expected`` are as they are there, None: absent.
    """

    kind: str
    values: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)

    def check(self, found: Mapping[str, Any]) -> None:
        """Compare what was found with what is expected.

        Raises:
            PreconditionFailed: it is something else.
        """
        for key, value in self.expected.items():
            if found.get(key) != value:
                raise PreconditionFailed(f"The record {key!r} was changed meanwhile.", hint="Read it again.")


Recording = Records | KeepRecords
"""Every operation of this module."""
