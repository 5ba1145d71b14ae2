"""Suggestions on the schema, and making them on a branch."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from synthdb.evolution.applying import MovedKey, apply_suggestions
from synthdb.evolution.suggesting import suggest
from synthdb.evolution.suggestion import Suggestion
from synthdb.library.session import Session
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Ref
from synthdb_host.versions import Branching, CreateBranch

__all__ = ["Applied", "EvolutionMethods"]

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed on ``branch``: the suggestions, and what became of the values of JSON keys."""

    branch: str
    suggestions: tuple[Suggestion, ...]
    moved: tuple[MovedKey, ...]


class EvolutionMethods(Session):
    """The methods that suggest changes of the schema and make them."""

    def suggestions(self, table: str | Sequence[str] = ()) -> list[Suggestion]:
        """Look at the rows of all tables, or some, and suggest how the schema could fit them better.

        Unused columns, columns whose values fit a narrower type exactly, columns that could do with an index, and keys
        of JSON objects that could be columns: each with the figures behind it and the changes that would make it.

        Raises:
            UnknownTable: there is no such table.

        Example:
            >>> for suggestion in db.suggestions("people"):
            ...     print(suggestion.id, suggestion.reason)
        """
        return suggest(self, (table,) if isinstance(table, str) else table)

    def apply_suggestions(self, ids: str | Sequence[str], branch: str | None = None) -> Applied:
        """Make suggested changes on a branch of this state; look at the diff, and merge it when it is right.

        Args:
            ids: the ids of suggestions.
            branch: a branch, which is made if it is not there; by default one that is named after the suggestions.
                Asked for again after an interruption, the rest is done there.

        Raises:
            InvalidParameter: nothing like this is suggested.
        """
        wanted = [ids] if isinstance(ids, str) else list(ids)
        found = {item.id: item for item in suggest(self, self._tables_of(wanted))}
        unknown = [item for item in wanted if item not in found]
        if unknown or not wanted:
            what = f"{unknown[0]!r} is not suggested" if unknown else "No suggestion is named"
            raise InvalidParameter(f"{what}.", hint=f"Suggested are: {', '.join(found) or 'none'}.")
        name = branch or _branch_name(wanted)
        self.execute(Branching((CreateBranch(name, self._ref, if_not_exists=True),)))
        chosen = tuple(found[item] for item in wanted)
        place = Session(self._host, self._database, Ref(name), parent=self)
        return Applied(name, chosen, tuple(apply_suggestions(place, chosen)))

    def _tables_of(self, ids: Sequence[str]) -> list[str]:
        """Give the tables that suggestions of these ids may be about."""
        names = [item.partition(":")[2] for item in ids]
        return [table for table in self.catalog().tables if any(name.startswith(f"{table}.") for name in names)]


def _branch_name(ids: Sequence[str]) -> str:
    """Name a branch after suggestions: the same for the same ones."""
    first = _UNFIT.sub("-", ids[0]).strip("-")[:_LONGEST]
    if len(ids) == 1:
        return f"evolve-{first}"
    digest = hashlib.blake2b("\n".join(sorted(ids)).encode(), digest_size=3).hexdigest()
    return f"evolve-{first}-{digest}"
