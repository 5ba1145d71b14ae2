"""Clairvoyance, which puts a schema together from error messages, finds nothing where introspection is off."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.integration.films import make_films
from tests.integration.serving import serving

PROGRAM: Final = Path(sys.prefix) / "clairvoyance" / "bin" / "clairvoyance"
WORDS: Final = ("film", "filmz", "peple", "person", "titel", "yeer", "naem", "ratin", "users", "seem", "dat", "idd")
"""Words that are close to the names of the schema, and none of these."""

NAMES: Final = {"films", "people", "title", "year", "name", "rating", "seen", "data", "id", "born"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def recovered(folder: Path, *, introspection: bool) -> set[str]:
    """Give the names of fields that it finds."""
    folder.mkdir()
    make_films(folder / "films.db")
    words, found = folder / "words.txt", folder / "schema.json"
    words.write_text("\n".join(WORDS), "utf-8")
    section = "SYNTHDB_PLUGINS__CORE__GRAPHQL__"
    # What it asks is nearly always refused, for which it would be turned away soon.
    environment = {f"{section}INTROSPECTION": str(introspection).lower(), f"{section}MAX_REFUSED_SECONDS": "0"}
    with serving(folder, folder / "films.db", workers=1, environment=environment) as server:
        address = f"http://127.0.0.1:{server.port}/graphql/v1/films"
        command = [str(part) for part in (PROGRAM, address, "-w", words, "-o", found, "-c", 1)]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        assert "Traceback" not in server.log
    types = json.loads(found.read_text("utf-8"))["data"]["__schema"]["types"] if found.exists() else []
    return {field["name"] for kind in types for field in kind.get("fields") or ()}


def test_nothing_is_recovered_where_introspection_is_off(tmp_path: Path) -> None:
    """Where it is on, the same words lead to the schema, because messages name what was perhaps meant."""
    assert {"films", "people", "title", "year"} <= recovered(tmp_path / "on", introspection=True)
    assert NAMES.isdisjoint(recovered(tmp_path / "off", introspection=False))
