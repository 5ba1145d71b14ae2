"""Tests for what only some storages offer."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest

from synthdb_host.contracts import Capability
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.testing.session import Session

__all__ = ["needs"]

T = TypeVar("T", bound=Callable[..., None])


def needs(*capabilities: Capability) -> Callable[[T], T]:
    """Mark a test of capabilities.

    Where the storage declares all of them the test runs as it stands. Where it does not, the same test must
    end in ``unsupported_capability``: what is not declared is refused, and nothing is skipped.
    """

    def decorate(test: T) -> T:
        @functools.wraps(test)
        def checked(self: object, session: Session, *args: Any, **kwargs: Any) -> None:
            if session.database.capabilities.issuperset(capabilities):
                test(self, session, *args, **kwargs)
            else:
                with pytest.raises(UnsupportedCapability):
                    test(self, session, *args, **kwargs)

        return cast("T", checked)

    return decorate
