"""``python -m benchmarks``: measure SynthDB and its peers, side by side, in one run."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.environments import datasette_next
from benchmarks.importing import measure_imports
from benchmarks.measuring import Plan, check, measure_all, running
from benchmarks.peers.base import Peer
from benchmarks.peers.datasette import Datasette, DatasetteNext
from benchmarks.peers.fastapi import FastApi
from benchmarks.peers.floor import Floor
from benchmarks.peers.pocketbase import PocketBase
from benchmarks.peers.synthdb import SynthDB
from benchmarks.process import share_cpus
from benchmarks.report import plain, write_page
from benchmarks.results import Document, collected

__all__ = ["main"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_FULL: Final = Plan(rows=100_000, rounds=3, seconds=3, import_rows=1_000_000)
_QUICK: Final = Plan(rows=2_000, rounds=1, seconds=0.3, import_rows=5_000)
_WITHOUT_NEXT: Final = "Datasette 1.0a, which can insert, was not measured: it is not installed."


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write what was asked for."""
    options = _parser().parse_args(arguments)
    if options.show:
        document = json.loads(options.show.read_text("utf-8"))
    else:
        share_cpus()
        with tempfile.TemporaryDirectory(prefix="synthdb-bench-") as folder:
            document = _measured(Path(folder), _QUICK if options.quick else _FULL, install=not options.quick)
        document |= _measured_elsewhere(options.json)
    print(plain(document))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    if options.page:
        write_page(options.page, document)
    return 0


def _measured_elsewhere(file: Path | None) -> Document:
    """Give what ``benchmarks.versions`` has added to a file."""
    known = json.loads(file.read_text("utf-8")) if file is not None and file.exists() else {}
    return {"engine": known["engine"]} if "engine" in known else {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found as JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables into a Markdown page")
    parser.add_argument("--show", type=Path, metavar="FILE", help="measure nothing; show what a run wrote")
    return parser


def _measured(folder: Path, plan: Plan, *, install: bool) -> Document:
    program = datasette_next(install=install)
    peers = _peers(folder, plan.rows, program)
    for peer in peers:
        _say(f"preparing {peer.name}")
        peer.folder.mkdir()
        peer.prepare()
    samples = []
    with running(peers, _ROOT) as started:
        for peer, server in started:
            _say(f"checking what {peer.name} answers")
            check(peer, server)
        (folder / "raw").mkdir()
        for sample in measure_all(started, folder / "raw", plan):
            samples.append(sample)
            _say(f"{sample.case}, {sample.peer}: {1e6 * sample.cpu_seconds / sample.requests:.0f} us CPU each")
    _say("importing")
    (folder / "import").mkdir()
    imports = measure_imports(folder / "import", plan.import_rows)
    return collected(plan, samples, imports, [] if program else [_WITHOUT_NEXT])


def _peers(folder: Path, rows: int, program: Path | None) -> list[Peer]:
    peers: list[Peer] = [
        SynthDB(folder / "synthdb", rows),
        Floor(folder / "floor", rows),
        PocketBase(folder / "pocketbase", rows),
        FastApi(folder / "fastapi", rows),
        Datasette(folder / "datasette", rows),
    ]
    if program is not None:
        peers.append(DatasetteNext(folder / "datasette-next", rows, program=program))
    return peers


def _say(what: str) -> None:
    print(f"-- {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
