"""Finding columns that saved queries search without an index."""

from collections.abc import Mapping

from synthdb.importing.bookkeeping import Target
from synthdb.queries.parameters import numbered
from synthdb.queries.store import QueryStore
from synthdb_host.operations import Sql

__all__ = ["unindexed_reads"]


def unindexed_reads(target: Target) -> Mapping[tuple[str, str], list[str]]:
    """Give the saved queries that go through all rows of a table, by table and by each column they read of it.

    Queries that cannot be run any more are left out.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for query in QueryStore(target).all():
        if query.missing:
            continue
        steps = target.execute(Sql(numbered(query.sql), (), None, target.ref, explain=True)).python()
        scanned = {step["table"] for step in steps if step["rows"] is not None}
        scanned |= {step["table"] for step in steps if "AUTOMATIC" in (step["plan"] or "")}
        for table in scanned & query.reads.keys():
            for column in query.reads[table]:
                found.setdefault((table, column), []).append(query.name)
    return found
