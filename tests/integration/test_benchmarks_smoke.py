"""The benchmarks run, and every peer gives the right answers. Nothing here says how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.flooding import FLOODS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PEERS = {"SynthDB", "bare floor", "PocketBase", "FastAPI + SQLAlchemy", "Datasette 0.65", "raw sqlite3"}
CASES = ["point read", "list 100 x 8", "insert", "bulk insert 1,000"]
BY_GRAPHQL = ["GraphQL point", "GraphQL list 100 x 8"]
OPTIONAL = {
    "Datasette 1.0a": {"Datasette 1.0a"},
    "datasette-graphql": {"datasette-graphql"},
    "PostGraphile 5": {"PostGraphile 5 + PostgreSQL", "PostGraphile 5 alone"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Measure a little of everything; this fails where a peer answers other rows than it was given."""
    file = tmp_path_factory.mktemp("benchmarks") / "results.json"
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == ended.returncode, ended.stderr
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return document


def test_every_peer_is_measured_in_every_case_it_offers(found: dict[str, Any]) -> None:
    """Only Datasette's stable release, which cannot write, is left out of the inserts."""
    measured = {(result["case"], result["peer"]) for result in found["results"]}

    readers = PEERS
    writers = PEERS - {"Datasette 0.65"}
    expected = {(case, peer) for case in CASES for peer in (readers if "insert" not in case else writers)}
    assert expected <= measured


def test_graphql_is_measured_beside_its_peers(found: dict[str, Any]) -> None:
    """SynthDB and Strawberry are always there."""
    measured = {(result["case"], result["peer"]) for result in found["results"]}

    assert {(case, peer) for case in BY_GRAPHQL for peer in ("SynthDB", "Strawberry + SQLAlchemy")} <= measured


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_peer_that_is_not_installed_is_named_instead(found: dict[str, Any], name: str) -> None:
    """Those with an environment of their own are measured where that is, and else a note says that they were not."""
    measured = {result["peer"] for result in found["results"]}

    missing = f"{name} was not measured: it is not installed." in found["notes"]
    assert (set() if missing else OPTIONAL[name]) == OPTIONAL[name] & measured


def test_every_answer_is_a_success(found: dict[str, Any]) -> None:
    """No peer refuses what it is asked; a speed over failures would mean nothing."""
    assert all(result["requests"] > 0 for result in found["results"])
    assert {0} == {result["failed"] for result in found["results"]}


def test_what_versions_cost_is_added_to_what_was_found(found: dict[str, Any], tmp_path: Path) -> None:
    """The second part measures every case on SynthDB, most of them beside others, and leaves the first as it is."""
    file, page = tmp_path / "results.json", tmp_path / "page.md"
    file.write_text(json.dumps(found), "utf-8")
    page.write_text("<!-- begin: written by benchmarks/report.py -->\n<!-- end -->\n", "utf-8")
    command = [sys.executable, "-m", "benchmarks.versions", "--quick", "--json", str(file), "--page", str(page)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == ended.returncode, ended.stderr
    document = json.loads(file.read_text("utf-8"))
    engine = document.pop("engine")

    assert found == document
    assert all({"SynthDB", "DoltLite"} <= case["us"].keys() for case in engine["comparison"])
    assert all(case["ratio"] for case in engine["comparison"] if case["case"].startswith(("main", "as of")))
    assert [len(engine["plan"]["sizes"]), len(engine["plan"]["depths"]), 2] == [
        len(engine[part]) for part in ("by size", "by depth", "by branches")
    ]
    assert all(f"| {case['case']} |" in page.read_text("utf-8") for case in engine["comparison"])


def test_both_imports_give_all_rows(found: dict[str, Any]) -> None:
    """The import command and plain sqlite3 were given the same file, and its rows were counted in both."""
    assert {"SynthDB", "raw sqlite3"} == {done["peer"] for done in found["imports"]}
    assert {found["plan"]["import_rows"]} == {done["rows"] for done in found["imports"]}


def test_a_run_can_be_shown_again(found: dict[str, Any], tmp_path: Path) -> None:
    """The tables, for the terminal and for the page, come from the file alone."""
    file, page = tmp_path / "results.json", tmp_path / "page.md"
    file.write_text(json.dumps(found), "utf-8")
    page.write_text("# Page\n\n<!-- begin: written by benchmarks/report.py -->\n<!-- end -->\n\nAfter.\n", "utf-8")

    command = [sys.executable, "-m", "benchmarks", "--show", str(file), "--page", str(page)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert all(name in shown for name in (*CASES, *PEERS, *BY_GRAPHQL, "SynthDB, REST"))
    assert page.read_text("utf-8").startswith("# Page\n")
    assert page.read_text("utf-8").endswith("\n\nAfter.\n")
    assert "| SynthDB |" in page.read_text("utf-8")


def test_the_page_shows_the_committed_run() -> None:
    """The tables of the documentation are those of the file beside the code, not older ones."""
    file, page = ROOT / "benchmarks" / "results.json", ROOT / "docs" / "benchmarks.md"
    code = (
        "import json, pathlib; from benchmarks.report import markdown; "
        f"print(markdown(json.loads(pathlib.Path({str(file)!r}).read_text('utf-8'))))"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert printed.stdout.strip() in page.read_text("utf-8")


def test_floods_are_measured_beside_reads() -> None:
    """Of each kind a ratio is told; every read is answered meanwhile, else there is none."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.flooding", "1", "0.1"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 0 == ended.returncode, ended.stderr
    kinds = [line.partition(" ratio ")[0].partition(" idle ")[0].strip() for line in ended.stdout.splitlines()]
    assert [*FLOODS, "array", "never read", "all"] == kinds
