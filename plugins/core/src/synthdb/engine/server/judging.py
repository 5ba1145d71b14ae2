"""What a statement reads and calls, as PostgreSQL itself understood it, and whether that may be.

The statement is made a view, which PostgreSQL parses and resolves but does not run, and refuses if it writes or locks.
The stored form of the view has a number for each relation, function and operator that is used, whatever it was called
in the statement. So no second parser has to agree with the server's.
"""

import re
from collections.abc import Mapping
from typing import Final

from synthdb.engine.server.functions import ALLOWED_FUNCTIONS
from synthdb.storage.postgresql.driver import PostgresDriver
from synthdb_host.errors import InvalidSql

__all__ = ["ABSENT", "judge", "judged"]

ABSENT: Final = "The statement names a table that does not exist."

_FIELDS: Final = re.compile(r":(\w+) (\d+)")
_FUNCTIONS: Final = frozenset({"funcid", "aggfnoid", "winfnoid", "tsmhandler"})
_OPERATORS: Final = frozenset({"opno", "opfuncid"})
_TYPES: Final = frozenset({"consttype", "resulttype", "funcresulttype", "opresulttype", "vartype", "coltype"})
_OF_CATALOGS: Final = frozenset({24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, 2210, 2949})
"""Types whose values are looked up in catalogs by their names, such as ``regclass``."""
_FIRST_OF_OTHERS: Final = 16_384
"""PostgreSQL's own objects have smaller numbers."""
_OF_SESSION: Final = 9
"""From this one on, the keywords that are values tell of the session: CURRENT_USER and the like."""

_STORED: Final = "SELECT ev_action::text FROM pg_catalog.pg_rewrite WHERE ev_class = $1::regclass"
_NAMED: Final = "SELECT proname, pronamespace = 'pg_catalog'::regnamespace FROM pg_catalog.pg_proc WHERE oid = ANY ($1)"


def judged(name: str, statement: str) -> str:
    """Give the definition of the view that :func:`judge` looks at."""
    # A condition takes any columns, those of one name too; the end of a comment must not be the end of the view.
    return f"CREATE TEMP VIEW {name} AS SELECT 1 WHERE EXISTS (\n{statement}\n)"


def judge(driver: PostgresDriver, name: str, readable: Mapping[int, str]) -> None:
    """Refuse a statement that reads other relations than the ``readable`` ones, or calls what may not be called.

    Raises:
        InvalidSql: it does.
    """
    stored = str(driver.ask(_STORED, (f"pg_temp.{name}",)).fetchall()[0][0])
    functions: set[int] = set()
    for field, text in _FIELDS.findall(stored):
        number = int(text)
        if field == "relid" and number and number not in readable:
            raise InvalidSql(ABSENT)
        if field in _FUNCTIONS and number:
            functions.add(number)
        elif field in _OPERATORS and number >= _FIRST_OF_OTHERS:
            raise InvalidSql("Only PostgreSQL's own operators can be used here.")
        elif field in _TYPES and number in _OF_CATALOGS:
            raise InvalidSql("Types that stand for names in PostgreSQL's catalogs cannot be used here.")
    if any(int(number) >= _OF_SESSION for number in re.findall(r"\{SQLVALUEFUNCTION :op (\d+)", stored)):
        raise InvalidSql("What tells of the session, such as CURRENT_USER, cannot be used here.")
    for function, is_own in driver.ask(_NAMED, (list(functions),)).fetchall():
        if not is_own or function not in ALLOWED_FUNCTIONS:
            raise InvalidSql(f"The function {function!r} cannot be used here.")
