"""Generated clients of the shop database, and programs that drive them against a server."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import synthdb
from synthdb.sdk.generating import Language, sources_for
from synthdb.sdk.sources import write
from tests.integration.cutting import cutting
from tests.integration.films import make_films
from tests.integration.killing import killing
from tests.integration.serving import serving
from tests.integration.shop import make_shop, make_tables

__all__ = ["CLIENTS", "PAGE", "Shop", "check_results", "examples", "generate", "run", "serving_films", "serving_shop"]

CLIENTS: Final = Path(__file__).parent.parent / "clients"
PAGE: Final = Path(__file__).parents[2] / "docs" / "sdk.md"
_SECONDS: Final = 850


@dataclass(frozen=True)
class Shop:
    """Where a server of the database is, where what breaks connections to it is, and where what kills it is."""

    url: str
    cutting_url: str
    killing_url: str

    @property
    def urls(self) -> tuple[str, str, str]:
        """What a driver is given."""
        return self.url, self.cutting_url, self.killing_url


@contextmanager
def serving_shop(folder: Path) -> Iterator[Shop]:
    """Serve a new database of the shop."""
    make_shop(folder / "shop.db")
    with serving(folder, folder / "shop.db") as server, cutting(server.port) as cut, killing(server) as kill:
        yield Shop(*(f"http://127.0.0.1:{port}" for port in (server.port, cut, kill)))


def generate(folder: Path, language: Language, scripts: Sequence[str]) -> Path:
    """Generate a client of the shop in a folder, and put scripts beside it."""
    with synthdb.connect(":memory:") as db:
        make_tables(db)
        write(folder / "shop_client", sources_for(language, "shop", db.catalog(), db.queries.usable()))
    for script in scripts:
        shutil.copy(CLIENTS / "sdk" / script, folder)
    return folder


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program that must succeed, and give what it prints."""
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_results(printed: str, checks: int) -> None:
    """Require that a driver made so many checks, and that all went well."""
    results = [json.loads(line) for line in printed.splitlines()]
    failed = "\n".join(f"{result['name']}: {result['error']}" for result in results if result["error"])
    assert not failed, failed
    assert len(results) == checks


def examples(language: str, url: str) -> tuple[str, str]:
    """Give the program that the examples of a language on the page make together, and what it prints."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
    blocks = pattern.findall(PAGE.read_text("utf-8"))
    program = "".join(block for block, _ in blocks).replace("http://127.0.0.1:8000", url)
    return program, "".join(printed for _, printed in blocks)


@contextmanager
def serving_films(folder: Path, language: Language) -> Iterator[str]:
    """Serve the database of the page on REST, with a client of it beside it."""
    make_films(folder / "films.db")
    with synthdb.connect(folder / "films.db") as db:
        sql = "SELECT title, year FROM films WHERE year >= :first ORDER BY year"
        db.queries.save("since", sql, parameters={"first": "integer"})
        write(folder / "films_client", sources_for(language, "films", db.catalog(), db.queries.usable()))
    with serving(folder, folder / "films.db", workers=1) as server:
        yield f"http://127.0.0.1:{server.port}"
