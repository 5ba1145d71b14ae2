"""No worker answers a query by a schema that another process has changed."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

import synthdb
from tests.integration.conftest import IS_LONG
from tests.integration.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WORKERS: Final = 4
PAIRS: Final = 1_000 if IS_LONG else 40
UNRATIONED: Final = {"SYNTHDB_PLUGINS__CORE__GRAPHQL__MAX_REFUSED_SECONDS": "0"}
"""Every second query here names a column that is gone, on purpose."""


def test_a_change_by_another_process_is_seen_by_the_next_query(tmp_path: Path) -> None:
    """A renamed column has its new name at once and its old one no more, in all workers."""
    wrong: list[Any] = []
    with synthdb.connect(tmp_path / "db.db") as database:
        database.insert("things", {"c0": 1})
    with serving(tmp_path, tmp_path / "db.db", workers=WORKERS, environment=UNRATIONED) as server, ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(3 * WORKERS)]
        database = stack.enter_context(synthdb.connect(tmp_path / "db.db"))
        for pair in range(PAIRS):
            database.rename_column("things", f"c{pair}", f"c{pair + 1}")
            for step, client in enumerate((clients[pair % 12], clients[(pair * 5 + 1) % 12])):
                queries = {f"{{ things {{ c{pair + new} }} }}": new for new in (0, 1)}
                for query, new in queries.items():
                    answer = client.post("/graphql/v1/db", {"query": query}).data
                    expected = {"data": {"things": [{f"c{pair + 1}": 1}]}}
                    if (answer == expected) != bool(new):
                        wrong.append((pair, step, query, answer))
    assert [] == wrong
