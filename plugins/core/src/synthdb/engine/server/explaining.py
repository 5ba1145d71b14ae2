"""Explaining a SQL statement on PostgreSQL: what it gives and reads, and how, without running it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from synthdb.engine.naming import quote
from synthdb.engine.server.views import ServerViews
from synthdb.engine.sql_plans import STEPS, gives_and_reads, step
from synthdb.engine.sql_sentences import Sentence
from synthdb.engine.sql_types import distinct
from synthdb.storage.postgresql.driver import PostgresDriver
from synthdb_host.contracts import Restrictions, Result

__all__ = ["explanation"]

_CURSOR: Final = "synthdb_explained"
_USED: Final = (
    "SELECT d.refobjid, d.refobjsubid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid "
    "WHERE r.ev_class = $1::regclass AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass "
    "ORDER BY 1, 2"
)
_NODES: Final = {
    "Seq Scan": "Reads the whole table {table}.",
    "Index Scan": "Finds rows of {table} with an index.",
    "Index Only Scan": "Finds rows of {table} in an index alone.",
    "Bitmap Heap Scan": "Finds rows of {table} with an index, in the order in which they lie.",
    "Sort": "Sorts the rows.",
    "Incremental Sort": "Sorts rows that an index has sorted in part.",
    "Aggregate": "Groups the rows.",
    "WindowAgg": "Looks at each row beside others.",
    "Unique": "Leaves out repeated rows.",
    "Nested Loop": "For each row, looks up those that belong to it:",
    "Hash Join": "Keeps one side in memory, and looks the other one up in it:",
    "Merge Join": "Goes along both sides, sorted:",
    "Recursive Union": "Repeats until there are no new rows:",
    "SetOp": "Compares the results of both sides:",
    "Append": "Puts results together:",
}
"""What a step of a plan does; those that are not here say nothing that is worth a sentence."""


def explanation(
    driver: PostgresDriver, views: ServerViews, readable: Mapping[int, str], judged: str, role: str, statement: str,
    restrictions: Restrictions,
) -> Result:  # fmt: skip
    """Explain a statement that was judged; its parameters are NULL."""
    used = driver.ask(_USED, (f"pg_temp.{judged}",)).fetchall()
    driver.script(f"SET LOCAL ROLE {quote(role)}; SET TRANSACTION READ ONLY")
    driver.ask(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {statement}")
    columns, _ = driver.fetch_texts(_CURSOR, 0)
    gives: dict[str, str | None] = {}
    for name, column in zip(distinct([column.name for column in columns]), columns, strict=True):
        shown = views.shown.get(readable.get(column.table, ""), ())
        stored = shown[column.number - 1] if 0 < column.number <= len(shown) else None
        gives[name] = None if stored is None else str(stored.column.type)
    rows = gives_and_reads(gives, _reads(views, readable, used))
    hides = any(table.name in restrictions.tables for table in views.tables.values())
    plan = driver.ask(f"EXPLAIN (FORMAT JSON, COSTS FALSE) {statement}").fetchall()[0][0]
    physical = {part: table.name for table in views.tables.values() for part in table.parts}
    # The plan itself would tell of columns and conditions that a policy hides.
    rows += [step(sentence) for sentence in _sentences(_read(plan)["Plan"], 0, physical, hides=hides)]
    return Result(STEPS, rows)


def _read(plan: object) -> dict[str, Any]:
    found = msgspec.json.decode(plan) if isinstance(plan, str | bytes) else plan
    return dict(found[0])  # type: ignore[index]  # a list of one plan


def _reads(
    views: ServerViews, readable: Mapping[int, str], used: list[tuple[Any, ...]]
) -> list[tuple[str, bool, dict[str, str | None]]]:
    """Give each table that is used, whether it is read in layers, and the columns that are read of it."""
    found: dict[str, dict[str, str | None]] = {}
    layered: dict[str, bool] = {}
    for relation, number in used:
        view = readable.get(relation)
        if view is None or view not in views.shown:
            continue
        table = views.tables[view]
        columns = found.setdefault(table.name, {})
        layered[table.name] = table.is_layered
        if 0 < number <= len(views.shown[view]):
            column = views.shown[view][number - 1]
            columns[column.name] = str(column.column.type)
    return [(name, layered[name], found[name]) for name in sorted(found)]


def _sentences(node: Mapping[str, Any], level: int, tables: Mapping[str, str], *, hides: bool) -> Iterator[Sentence]:
    kind, table = node["Node Type"], tables.get(node.get("Relation Name", ""))
    text = _NODES.get(kind)
    inner = level
    if text is not None and (table is not None or "{table}" not in text):
        plan = "" if hides else " ".join([kind, *([f"on {table}"] if table else [])])
        yield Sentence(level, text.format(table=table), plan, table)
        inner += text.endswith(":")
    for child in node.get("Plans", ()):
        yield from _sentences(child, inner, tables, hides=hides)
