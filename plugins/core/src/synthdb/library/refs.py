"""Which state of the database a text means."""

import re
from datetime import datetime
from typing import Literal

from synthdb_host.encoding import format_timestamp
from synthdb_host.operations import Ref

__all__ = ["Moment", "RefText", "SchemaOf", "moment_of", "ref_of"]

RefText = str | datetime | Ref
"""A state: a branch, a tag, a commit id, a moment of a branch, or a :class:`Ref`."""

Moment = str | datetime
"""A commit id, a timestamp, or a time such as ``5 minutes ago``."""

SchemaOf = Literal["then", "now"]
"""Whether the tables and columns are those of the moment asked for, or those that the branch has now."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]+ +(?:second|minute|hour|day|week)s? +ago", re.IGNORECASE)


def ref_of(given: RefText, branch: str = "main") -> Ref:
    """Read the name of a state.

    ``dev`` and ``v1`` are branches or tags, ``17`` is the state right after that commit, and ``dev@MOMENT`` is a
    branch as it was, where the moment is a commit id, a timestamp such as ``2026-01-02T03:04:05Z``, or a time such
    as ``5 minutes ago``. A timestamp or a time ago alone is a moment of ``branch``.
    """
    if isinstance(given, Ref):
        return given
    text = moment_of(given).strip()
    return Ref(branch, text) if _MOMENT.fullmatch(text) else Ref.parse(text)


def moment_of(given: Moment) -> str:
    """Give a moment as text; a datetime without a zone is taken as UTC."""
    return format_timestamp(given) if isinstance(given, datetime) else given
