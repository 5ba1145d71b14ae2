"""Branches and tags."""

from dataclasses import dataclass
from typing import Any, cast

from .sessions import Session
from .targets import query_string, segment

__all__ = ["Branches", "Tags"]

_Facts = dict[str, Any]


@dataclass(frozen=True)
class _Names:
    session: Session

    def _list(self, kind: str) -> list[_Facts]:
        found: list[_Facts] = []
        after: str | None = None
        while True:
            parameters = [("limit", str(_PAGE)), *([("after", after)] if after else [])]
            page = cast("list[_Facts]", self.session.ask("GET", kind + query_string(parameters)))
            found += page
            if len(page) < _PAGE:
                return found
            after = page[-1]["name"]


_PAGE = 100


class Branches(_Names):
    """The branches of a database."""

    def list(self) -> list[_Facts]:
        """List them."""
        return self._list("branches")

    def create(self, name: str, *, comment: str | None = None, if_not_exists: bool = False) -> _Facts:
        """Make a branch from the state of this client."""
        body = {"name": name, "comment": comment, "if_not_exists": if_not_exists}
        return cast("_Facts", self.session.ask("POST", "branches", body))

    def get(self, name: str) -> _Facts:
        """Describe a branch."""
        return cast("_Facts", self.session.ask("GET", f"branches/{segment(name)}"))

    def delete(self, name: str) -> None:
        """Remove a branch."""
        self.session.ask("DELETE", f"branches/{segment(name)}")


class Tags(_Names):
    """The tags of a database: names of states that stay."""

    def list(self) -> list[_Facts]:
        """List them."""
        return cast("list[_Facts]", self.session.ask("GET", "tags"))

    def create(self, name: str, *, comment: str | None = None) -> _Facts:
        """Name the state of this client."""
        return cast("_Facts", self.session.ask("POST", "tags", {"name": name, "comment": comment}))

    def delete(self, name: str) -> None:
        """Remove a tag; the state stays."""
        self.session.ask("DELETE", f"tags/{segment(name)}")
