"""Whether other branches and tags may still need something."""

from synthdb.engine.session import Session
from synthdb.storage.layout import MAIN

__all__ = ["is_alone"]


def is_alone(session: Session) -> bool:
    """Say whether main is the only branch and there is no tag, so that what main drops for good can be removed."""
    others = "SELECT 1 FROM _branch WHERE id <> ? AND name IS NOT NULL UNION ALL SELECT 1 FROM _tag LIMIT 1"
    return session.driver.execute(others, (MAIN,)).fetchone() is None
