"""GraphQL as Schemathesis sees it, which sends what fits the schema."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.integration.conftest import IS_LONG
from tests.integration.films import make_films
from tests.integration.serving import serving

CLIENTS: Final = Path(__file__).parent.parent / "clients"
EXAMPLES: Final = 100 if IS_LONG else 5

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_700 if IS_LONG else 400)]


def test_schemathesis_finds_no_failure(tmp_path: Path, seed: str) -> None:
    """Whatever fits the schema is answered, or refused for a value that no type can forbid."""
    make_films(tmp_path / "films.db")
    # What it asks is often refused, for which it would be turned away soon.
    settings = {"SYNTHDB_PLUGINS__CORE__GRAPHQL__MAX_REFUSED_SECONDS": "0"}
    with serving(tmp_path, tmp_path / "films.db", workers=1, environment=settings) as server:
        command = [
            str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{server.port}/graphql/v1/films",
            "--mode", "positive", "--max-examples", str(EXAMPLES), "--no-color",
            "--seed", str(int(seed, 16) if IS_LONG else 1),
            # It may think for longer than a connection is kept open, and takes that for a failure.
            "--header", "Connection: close",
        ]  # fmt: skip
        path = os.pathsep.join(filter(None, [str(CLIENTS), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_graphql_hooks", "PYTHONPATH": path}
        finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

        assert 0 == finished.returncode, finished.stdout[-20_000:]
        assert " passed" in finished.stdout
        assert "Traceback" not in server.log
