"""Which state of the database a text means."""

import re
from typing import Literal

from synthdb_host.operations import Ref

__all__ = ["RefText", "SchemaOf", "ref_of"]

RefText = str | Ref
"""A state: a branch, a tag, a commit id, a moment of a branch, or a :class:`Ref`."""

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
    text = given.strip()
    return Ref(branch, text) if _MOMENT.fullmatch(text) else Ref.parse(text)
