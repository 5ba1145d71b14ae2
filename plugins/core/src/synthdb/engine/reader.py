"""The reader: runs selects on a connection, compiling each shape once."""

import sqlite3
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.pages import compile_page
from synthdb.engine.plans import Plan
from synthdb.engine.selects import compile_select
from synthdb.engine.shapes import restrictions_shape, select_shape
from synthdb.engine.states import StateNote
from synthdb_host.contracts import Restrictions, Result
from synthdb_host.operations import Aggregate, Select

__all__ = ["Reader"]

_MOST_PLANS: Final = 1_000


class Reader:
    """Runs selects. It may be used by several threads, each with its own connection.

    Args:
        plans: how many compiled plans are kept; the one unused for longest goes first.
    """

    def __init__(self, plans: int = _MOST_PLANS) -> None:
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()
        self._most = plans

    def run(
        self,
        connection: sqlite3.Connection,
        catalog: StoredCatalog,
        select: Select,
        restrictions: Restrictions,
    ) -> Result:
        """Read rows.

        Raises:
            RequestError: the select does not fit the catalog, or a value does not fit its column.
            sqlite3.OperationalError: SQLite could not finish, for instance because it was interrupted.
        """
        key, values, plan = self._plan(catalog, select, restrictions)
        try:
            if plan.page is not None:
                return plan.page.run(connection, values)
            return plan.run(connection, values, catalog.place, select.after)
        except sqlite3.OperationalError as error:
            if str(error) != "integer overflow":
                raise
        exact = compile_select(catalog, select, restrictions.tables, exact=True)
        return self._keep(key, exact).run(connection, values, catalog.place, select.after)

    def run_alone(
        self,
        connection: sqlite3.Connection,
        catalog: StoredCatalog,
        select: Select,
        restrictions: Restrictions,
        layout: int,
        note: StateNote | None,
    ) -> Result | None:
        """Read rows by one statement without a transaction, which costs as much as a row.

        ``layout`` is the newest layout version at which the catalog was known to be that of the file; ``note`` takes
        down which state was read, which a page that has a position needs.
        None: it is no longer, or one statement is not enough. Raises as :meth:`run` does.
        """
        _, values, plan = self._plan(catalog, select, restrictions)
        return plan.run_alone(connection, values, catalog.place, layout, note) if plan.runs_alone else None

    def plan(self, catalog: StoredCatalog, select: Select, restrictions: Restrictions) -> tuple[Plan, Sequence[object]]:
        """Give the plan of a select, and the values for it, to be read piece by piece.

        Raises:
            RequestError: the select does not fit the catalog.
        """
        _, values, plan = self._plan(catalog, select, restrictions)
        if any(isinstance(output.source, Aggregate) for output in select.outputs):
            # A sum that overflows does so after rows were given: no second plan could take over.
            plan = compile_select(catalog, select, restrictions.tables, exact=True)
        return plan, values

    def _plan(
        self, catalog: StoredCatalog, select: Select, restrictions: Restrictions
    ) -> tuple[Hashable, tuple[object, ...], Plan]:
        if select.bound is not None:
            select.require_bound(catalog.logical.version)
        shape, values = select_shape(select)
        restricted: Hashable = None
        if restrictions.tables:
            restricted, more = restrictions_shape(restrictions.tables, select)
            values += more
        key = (catalog.key, shape, restricted)
        try:
            plan: Plan | None = self._plans[key]
            self._plans.move_to_end(key)
        except KeyError:
            plan = None
        if plan is None:
            plan = self._keep(key, compile_select(catalog, select, restrictions.tables))
            plan.page = compile_page(catalog, select, restrictions.tables)
        return key, values, plan

    def _keep(self, key: Hashable, plan: Plan) -> Plan:
        self._plans[key] = plan
        if len(self._plans) > self._most:
            self._plans.popitem(last=False)
        return plan
