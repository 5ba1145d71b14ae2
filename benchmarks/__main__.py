"""``python -m benchmarks``: measure SynthDB and its peers, side by side, in one run."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.environments import ELSEWHERE, datasette_graphql, datasette_next, postgraphile
from benchmarks.importing import measure_imports
from benchmarks.measuring import Plan, Sample, check, measure_all, running
from benchmarks.peers.base import Peer
from benchmarks.peers.datasette import Datasette, DatasetteGraphql, DatasetteNext
from benchmarks.peers.fastapi import FastApi
from benchmarks.peers.floor import Floor
from benchmarks.peers.pocketbase import PocketBase
from benchmarks.peers.postgraphile import PostGraphile
from benchmarks.peers.strawberry import Strawberry
from benchmarks.peers.synthdb import SynthDB
from benchmarks.process import share_cpus
from benchmarks.report import plain, write_page
from benchmarks.results import Document, collected

__all__ = ["main"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_FULL: Final = Plan(rows=100_000, rounds=3, seconds=3, import_rows=1_000_000)
_QUICK: Final = Plan(rows=2_000, rounds=1, seconds=0.3, import_rows=5_000)
_WITHOUT: Final = "{} was not measured: it is not installed."


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
    optional = dict(_optional(folder, plan.rows, install=install))
    peers = [*_peers(folder, plan.rows), *(peer for peer in optional.values() if peer is not None)]
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
            _say(f"{sample.case}, {sample.peer}: {_each(sample)} CPU each")
    _say("importing")
    (folder / "import").mkdir()
    imports = measure_imports(folder / "import", plan.import_rows)
    return collected(plan, samples, imports, *_elsewhere(optional))


def _peers(folder: Path, rows: int) -> list[Peer]:
    return [
        SynthDB(folder / "synthdb", rows),
        Floor(folder / "floor", rows),
        PocketBase(folder / "pocketbase", rows),
        FastApi(folder / "fastapi", rows),
        Strawberry(folder / "strawberry", rows),
        Datasette(folder / "datasette", rows),
    ]


def _optional(folder: Path, rows: int, *, install: bool) -> Iterator[tuple[str, Peer | None]]:
    """Give the peers that have environments of their own; None is one that is not installed."""
    program = datasette_next(install=install)
    yield "Datasette 1.0a", DatasetteNext(folder / "datasette-next", rows, program=program) if program else None
    program = datasette_graphql(install=install)
    yield "datasette-graphql", DatasetteGraphql(folder / "graphql", rows, program=program) if program else None
    place = postgraphile(install=install)
    yield "PostGraphile 5", PostGraphile(folder / "postgraphile", rows, installed=place) if place else None


def _elsewhere(optional: Mapping[str, Peer | None]) -> tuple[dict[str, str], list[str]]:
    """Give the versions of what was installed for those peers, and say which were left out."""
    versions = {
        f"{package} (for {name})": version
        for name, peer in optional.items() if peer is not None
        for package, version in ELSEWHERE[name].items()
    }  # fmt: skip
    return versions, [_WITHOUT.format(name) for name, peer in optional.items() if peer is None]


def _each(sample: Sample) -> str:
    return f"{1e6 * sample.cpu_seconds / sample.requests:.0f} us" if sample.requests else "no success, so no"


def _say(what: str) -> None:
    print(f"-- {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
