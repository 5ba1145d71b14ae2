"""``python -m benchmarks.versions``: measure what versions cost, and add it to what ``benchmarks`` has found."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.process import share_cpus
from benchmarks.report import plain, write_page
from benchmarks.results import machine, versions
from benchmarks.versions.comparing import compare
from benchmarks.versions.growing import by_branches, by_depth, by_size

__all__ = ["main"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: ``rows`` are in the table that is compared, ``share`` of the usual repetitions is done."""

    rows: int
    rounds: int
    share: float
    sizes: tuple[int, ...]
    depths: tuple[int, ...]
    many_rows: int
    few: tuple[int, int]
    many: tuple[int, int]


_FULL: Final = Plan(
    100_000, 7, 1, (1_000, 10_000, 100_000, 1_000_000), (0, 1, 2, 4, 8, 16), 1_000_000, (20, 20), (20_000, 10_000)
)
_QUICK: Final = Plan(20_000, 1, 0.02, (2_000, 4_000), (0, 2), 4_000, (10, 5), (20, 10))
_PACKAGES: Final = ("synthdb-host", "synthdb-core", "sqlalchemy", "doltlite")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write what was asked for."""
    options = _parser().parse_args(arguments)
    share_cpus()
    document = json.loads(options.json.read_text("utf-8")) if options.json and options.json.exists() else {}
    with tempfile.TemporaryDirectory(prefix="synthdb-bench-") as folder:
        document["engine"] = _measured(Path(folder), _QUICK if options.quick else _FULL)
    print(plain({"engine": document["engine"]}))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    if options.page:
        write_page(options.page, document)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add what was found to a JSON file")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables of that file into a Markdown page")
    return parser


def _measured(folder: Path, plan: Plan) -> dict[str, Any]:
    found = {"comparison": compare(folder, plan.rows, plan.rounds, plan.share)}
    rounds = max(plan.rounds - 2, 1)
    return {
        "plan": asdict(plan),
        "machine": machine(),
        "versions": versions(_PACKAGES),
        **found,
        "by size": by_size(plan.sizes, rounds),
        "by depth": by_depth(plan.rows, plan.depths, rounds),
        "by branches": by_branches(plan.many_rows, plan.few, plan.many, rounds),
    }


if __name__ == "__main__":
    sys.exit(main())
