"""The only ref of a database without history."""

from synthdb_host.errors import UnknownRef
from synthdb_host.operations import HEAD, Ref

__all__ = ["check_ref"]


def check_ref(ref: Ref) -> None:
    """Refuse everything but the newest state of the main branch.

    Raises:
        UnknownRef: this storage keeps no history and no branches.
    """
    if ref != HEAD:
        raise UnknownRef(f"This database has no ref {ref.branch!r} at {ref.at!r}.")
