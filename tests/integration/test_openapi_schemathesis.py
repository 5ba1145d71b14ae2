"""The server does what its documents say: Schemathesis sends what fits them, and what does not."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import synthdb
from tests.integration.catalogs import make_hostile, save_queries
from tests.integration.conftest import IS_LONG
from tests.integration.films import make_films
from tests.integration.serving import serving

CLIENTS: Final = Path(__file__).parent.parent / "clients"
CHECKS: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "allow_header_conformance", "use_after_free", "ensure_resource_availability", "ignored_auth",
)  # fmt: skip
EXAMPLES: Final = {"films": 60, "hostile": 15} if IS_LONG else {"films": 2, "hostile": 2}
"""How often each operation is asked in one phase; the hostile catalog has many of them, and is there for its names."""

ALL: Final = ".*"
DEFINING: Final = "/meta/v1/[^/]+/(schema|queries|restore|merge|revert|cherry-pick|conflicts)"
"""Operations after which a document of the state before them no longer fits."""

QUERIES: Final = "/synthdb_queries"
CHANGING: Final = f"{DEFINING}|{QUERIES}"
RUNS: Final = {
    "rows": (".*", CHANGING),
    "queries": (QUERIES, "^$"),
    "definitions": (DEFINING, "^$"),
}
"""Which paths are asked in one run, and which of them are left out."""

SHORT: Final = ("/(types|pairs|rpc)", CHANGING)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_700 if IS_LONG else 400)]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        *(pytest.param("films", paths, id=f"films-{run}") for run, paths in RUNS.items()),
        *(pytest.param("hostile", paths, id=f"hostile-{run}") for run, paths in RUNS.items() if IS_LONG),
        *(() if IS_LONG else (pytest.param("hostile", SHORT, id="hostile"),)),
    ],
)
def test_schemathesis_finds_no_failure(tmp_path: Path, seed: str, name: str, paths: tuple[str, str]) -> None:
    """No check of its list fails, and the log has no traceback."""
    file = tmp_path / f"{name}.db"
    if name == "films":
        make_films(file)
        with synthdb.connect(file) as db:
            for table in ("films", "people"):
                db.set_mode(table, "strict")
        save_queries(file, "films")
    else:
        make_hostile(file)
    with serving(tmp_path, file, workers=1, environment={"SYNTHDB_LOG_LEVEL": "error"}) as server:
        finished = check(
            tmp_path, f"http://127.0.0.1:{server.port}/openapi/v1/{name}.json", paths, EXAMPLES[name], seed
        )

        assert 0 == finished.returncode, finished.stdout[-20_000:]
        assert " passed" in finished.stdout
        assert "Traceback" not in server.log


def check(
    folder: Path, document: str, paths: tuple[str, str], examples: int, seed: str
) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis on the operations of a document whose paths match, but for those left out."""
    included, left_out = paths
    program = Path(sys.executable).with_name("st")
    command = [
        str(program), "--config-file", str(CLIENTS / "schemathesis.toml"), "run", document,
        "--checks", ",".join(CHECKS), "--include-path-regex", included, "--exclude-path-regex", left_out,
        "--max-examples", str(examples), "--seed", str(int(seed, 16) if IS_LONG else 1), "--no-color",
        "--continue-on-failure",
    ]  # fmt: skip
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": python_path()}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def python_path() -> str:
    """Give the path on which the hooks are found."""
    return os.pathsep.join(filter(None, [str(CLIENTS), os.environ.get("PYTHONPATH", "")]))
