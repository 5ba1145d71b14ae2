"""A write with an idempotency key is done once, wherever its process is killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.laws.engine import engine_of
from tests.laws.processes import ROOT
from tests.laws.stepped import send

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_FEW_STATEMENTS = 5


@pytest.mark.parametrize("used", [False, True], ids=["the first key", "a later key"])
def test_a_write_that_is_killed_between_any_two_statements_is_done_once(tmp_path: Path, *, used: bool) -> None:
    """Sent again it is done if it was not, and replayed if it was; there is no third way."""
    template = tmp_path / "template.db"
    with engine_of(template) as session:
        if used:
            send(session, "another key")
        else:
            session.insert("things", {"text": "once"})
    done = subprocess.run(
        [sys.executable, "-m", "tests.laws.stepped", str(template)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) > _FEW_STATEMENTS
    assert [True] * (len(reports) - 1) + [False] == [report["killed"] for report in reports]
    for report in reports:
        was_done = report["there"] == 2
        assert was_done == (not report["killed"])
        assert [report["first"][0], was_done] == report["first"]
        assert [report["first"][0], True] == report["second"]
        assert ["once", "once"] == [row["text"] for row in report["rows"]]
