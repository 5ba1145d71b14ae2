"""What other branches and tags still need."""

from synthdb.engine.session import Session
from synthdb.storage.layout import MAIN
from synthdb_host.errors import Conflict

__all__ = ["require_alone"]


def require_alone(session: Session, what: str) -> None:
    """Raise Conflict unless main is the only state that could show something that is to be removed for good."""
    others = session.driver.execute(
        "SELECT (SELECT count(*) FROM _branch WHERE id <> ? AND name IS NOT NULL) + (SELECT count(*) FROM _tag)",
        (MAIN,),
    ).fetchone()[0]
    if others:
        raise Conflict(
            f"This {what} cannot be dropped for good: {others} other branch(es) or tag(s) may still show it.",
            hint="Drop it softly, or drop those first.",
        )
