"""PostgREST's own clients, unmodified, against the real server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.films import make_films
from tests.integration.serving import Server, serving

CLIENTS = Path(__file__).parent.parent / "clients"
CASES = len((CLIENTS / "cases.jsonl").read_text("utf-8").splitlines())
"""What both clients are asked to do in the same words."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("clients")
    make_films(folder / "films.db")
    with serving(folder, folder / "films.db") as server:
        yield server


@pytest.mark.parametrize(
    ("program", "script", "checks"),
    (
        pytest.param("node", "postgrest_js.mjs", 20, id="postgrest-js"),
        pytest.param("node", "cases_js.mjs", CASES, id="postgrest-js cases"),
        pytest.param(sys.executable, "postgrest_py.py", 14, id="postgrest-py"),
        pytest.param(sys.executable, "cases_py.py", CASES, id="postgrest-py cases"),
    ),
)
def test_a_postgrest_client_works_unmodified(server: Server, program: str, script: str, checks: int) -> None:
    """Reading, filtering, sorting, paging, counting, single rows, embeds, CSV and every write do what it expects."""
    command = [
        shutil.which(program) or program,
        str(CLIENTS / script),
        f"http://127.0.0.1:{server.port}{server.address}",
    ]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False, cwd=CLIENTS)
    assert finished.returncode == 0, finished.stderr
    results = [json.loads(line) for line in finished.stdout.splitlines()]
    failed = "\n".join(f"{result['name']}: {result['error']}" for result in results if result["error"])
    assert not failed, failed
    assert len(results) == checks
