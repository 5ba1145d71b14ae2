"""Which process this is, told without asking the kernel: a system call costs as much as a part of a small read."""

import os
from typing import Final

__all__ = ["this_process"]

_KNOWN: Final = [os.getpid()]


def this_process() -> int:
    """Give the id of this process, as :func:`os.getpid` does."""
    return _KNOWN[0]


def _forked() -> None:
    _KNOWN[0] = os.getpid()


os.register_at_fork(after_in_child=_forked)
