"""Models of tables and saved queries, from the library."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb.library.session import Session

if TYPE_CHECKING:
    from synthdb.modelling.classes import Models

__all__ = ["ModelMethods"]


class ModelMethods(Session):
    """The methods that give pydantic models of what is in the database."""

    def models(self, tables: str | Sequence[str] = ()) -> "Models":
        """Make pydantic classes for the rows of tables and saved queries, as they are in this state.

        Args:
            tables: only these tables, and no saved queries.

        Returns:
            ``rows`` and ``inserts``, classes by table; ``results`` and ``parameters``, classes by saved query. What is
            not set of an insert is left to the database; ``to_row()`` gives what ``insert`` takes.

        Raises:
            UnknownTable: there is no such table.

        Example:
            >>> Person = db.models().rows["people"]
            >>> [Person(**row).name for row in db.query("people")]
            ['Ada']
        """
        # pydantic is slow to import, and most programs make no models.
        from synthdb.modelling.catalogs import classes_for  # noqa: PLC0415 - see above

        return classes_for(self, _names(tables))

    def models_source(self, tables: str | Sequence[str] = ()) -> str:
        """Write the classes of :meth:`models` as the source of a Python module, which needs only pydantic.

        Raises:
            UnknownTable: there is no such table.
        """
        from synthdb.modelling.catalogs import source_for  # noqa: PLC0415 - see above

        return source_for(self, _names(tables))


def _names(tables: str | Sequence[str]) -> tuple[str, ...]:
    return (tables,) if isinstance(tables, str) else tuple(tables)
