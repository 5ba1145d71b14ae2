"""Placements: where databases can be put, as the control database lists them."""

import re
from dataclasses import asdict
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from synthdb_host.directory import Directory
from synthdb_host.directory_tables import DATABASES, PLACEMENTS, PlacementRecord, State
from synthdb_host.errors import Conflict, DuplicateName, InvalidName

__all__ = ["Placements"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_P: Final = PLACEMENTS.c


class Placements:
    """The placements of a directory."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def list(self) -> tuple[tuple[PlacementRecord, int], ...]:
        """List the placements by name, each with how many databases it has."""
        count = sa.select(sa.func.count()).where(DATABASES.c.placement == _P.name).scalar_subquery()
        question = sa.select(PLACEMENTS, count.label("used")).order_by(_P.name)
        return tuple((PlacementRecord.of(row), row.used) for row in self.directory.read(question))

    def create(self, placement: PlacementRecord) -> None:
        """Make a placement.

        Raises:
            InvalidName: the name is not 1 to 63 letters, digits, ``_`` and ``-`` with a letter first.
            DuplicateName: there is one of this name.
        """
        if not _NAME.fullmatch(placement.name):
            raise InvalidName(
                f"placement name {placement.name!r} is not valid",
                hint="letters, digits, _ and -, a letter first, at most 63",
            )
        try:
            self.directory.execute(sa.insert(PLACEMENTS).values(asdict(placement)))
        except IntegrityError as error:
            raise DuplicateName(f"placement {placement.name!r} exists") from error

    def set_state(self, name: str, state: State) -> bool:
        """Let no more databases be put there, or again; False: it was so already. Raises UnknownPlacement."""
        self.directory.placement(name)
        change = sa.update(PLACEMENTS).where(_P.name == name, _P.state != state).values(state=state)
        return bool(self.directory.execute(change))

    def remove(self, name: str) -> None:
        """Remove a placement that has no databases.

        Raises:
            UnknownPlacement: there is none of this name.
            Conflict: databases lie there.
        """
        self.directory.placement(name)
        with self.directory.change() as connection:
            count = sa.select(sa.func.count()).select_from(DATABASES).where(DATABASES.c.placement == name)
            if found := connection.scalar(count):
                raise Conflict(f"placement {name!r} has {found} databases", hint="move or delete them first")
            connection.execute(sa.delete(PLACEMENTS).where(_P.name == name))
