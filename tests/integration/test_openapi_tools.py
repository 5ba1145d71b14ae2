"""Tools that others wrote find no error in the documents."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from synthdb_host.testing.hosting import ApiClient, build_host
from tests.integration.catalogs import make_flights, make_hostile, make_shop

CLIENTS = Path(__file__).parent.parent / "clients"
PROGRAMS = CLIENTS / "node_modules" / ".bin"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the documents of four databases, as files; the last one is of a host with a control database."""
    folder = tmp_path_factory.mktemp("openapi")
    make_shop(folder / "shop.db")
    make_hostile(folder / "hostile.db")
    make_flights(folder / "data")
    urls = {name: f"sqlite:///{folder / name}.db" for name in ("shop", "hostile")}
    urls["flights"] = f"sqlite:///{folder / 'data' / 'databases' / 'flights'}.db"
    host = build_host(folder, {}, databases=urls, discover=True, log_level="error")
    files = {name: folder / f"{name}.json" for name in urls}
    with ApiClient(host) as client:
        for name, file in files.items():
            file.write_bytes(client.get(f"/openapi/v1/{name}.json").content)
    host = build_host(folder / "controlled", {}, discover=True, log_level="error")
    with ApiClient(host) as client:
        host.databases.create_first()
        files["main"] = folder / "main.json"
        files["main"].write_bytes(client.get("/openapi/v1/main.json").content)
    return files


@pytest.mark.parametrize("name", ["flights", "shop", "hostile", "main"])
def test_openapi_spec_validator_finds_no_error(documents: dict[str, Path], name: str) -> None:
    """The document is one of OpenAPI 3.1."""
    document: Any = json.loads(documents[name].read_bytes())

    assert "3.1.0" == document["openapi"]
    validate(document)


def test_redocly_finds_nothing(documents: dict[str, Path]) -> None:
    """Neither errors nor warnings."""
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    command = (PROGRAMS / "redocly", "lint", "--config", CLIENTS / "redocly.yaml")
    finished = run(*command, *documents.values(), environment=quiet)

    assert 0 == finished.returncode, finished.stdout + finished.stderr
    assert "warning" not in (finished.stdout + finished.stderr).lower(), finished.stdout + finished.stderr


def test_spectral_finds_nothing(documents: dict[str, Path], tmp_path: Path) -> None:
    """Neither errors nor warnings, by the rules ``spectral:oas``."""
    files = [tmp_path / file.name for file in documents.values()]
    for file, written in zip(documents.values(), files, strict=True):
        document = json.loads(file.read_bytes())
        # Spectral 6 undoes percent-encoding in the keys of paths that hold references, and then misses parts of them.
        document["paths"] = {path.replace("%", "~"): item for path, item in document["paths"].items()}
        written.write_text(json.dumps(document), "utf-8")
    command = (PROGRAMS / "spectral", "lint", "-F", "warn", "-r", CLIENTS / "spectral.yaml")
    finished = run(*command, *files)

    assert 0 == finished.returncode, finished.stdout + finished.stderr
    assert "No results with a severity of 'warn' or higher found!" in finished.stdout


@pytest.mark.parametrize("name", ["flights", "shop", "hostile", "main"])
def test_openapi_generator_finds_no_error(documents: dict[str, Path], name: str) -> None:
    """It would make a client from the document."""
    program = Path(sys.executable).with_name("openapi-generator-cli")
    finished = run(program, "validate", "-i", documents[name])

    assert 0 == finished.returncode, finished.stdout + finished.stderr
    assert "No validation issues detected" in finished.stdout


def run(*command: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; gives what it said."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=280, env=os.environ | (environment or {})
    )
