"""Showing what a run found: a table for the terminal, and the generated half of ``docs/benchmarks.md``."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.measuring import RAW
from benchmarks.peers.base import CASES, GRAPHQL_LIST, GRAPHQL_POINT, LIST, POINT
from benchmarks.results import Document
from benchmarks.targets import REST, TARGETS
from benchmarks.versions.report import remark, tables

__all__ = ["markdown", "plain", "write_page"]

_OURS: Final = "SynthDB"
_BY_REST: Final = {GRAPHQL_POINT: POINT, GRAPHQL_LIST: LIST}
"""What is the same question to REST."""
_BEGIN: Final = "<!-- begin: written by benchmarks/report.py -->"
_END: Final = "<!-- end -->"
_HEAD: Final = ("peer", "requests / CPU s", "ratio", "target: least, wanted", "reached", "req/s", "p99 ms")
_IMPORT_HEAD: Final = ("peer", "rows / CPU s", "ratio", "CPU s", "elapsed s", "peak MB")

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def plain(document: Document) -> str:
    """Give the tables for a terminal."""
    parts = []
    for title, head, rows in _tables(document):
        widths = [max(map(len, cells)) for cells in zip(head, *rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
        parts.append("\n".join((title, *(f"  {line.rstrip()}" for line in lines))))
    return "\n\n".join((*parts, *_remarks(document)))


def markdown(document: Document) -> str:
    """Give the tables as Markdown."""
    parts = [f"Measured with {_where(document)}."] if "results" in document else []
    for title, head, rows in _tables(document):
        lines = [_row(head), _row("---" if n == 0 else "---:" for n in range(len(head))), *map(_row, rows)]
        parts += [f"### {title}", "\n".join(lines)]
    return "\n\n".join((*parts, *_remarks(document)))


def write_page(page: Path, document: Document) -> None:
    """Replace the generated half of the page.

    Raises:
        ValueError: the page has no place for it.
    """
    before, begin, rest = page.read_text("utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{page} has no lines {_BEGIN!r} and {_END!r}")
    page.write_text(f"{before}{_BEGIN}\n\n{markdown(document)}\n\n{_END}{after}", "utf-8")


def _tables(document: Document) -> Iterator[Table]:
    yield from _served(document) if "results" in document else ()
    yield from tables(document["engine"]) if "engine" in document else ()


def _served(document: Document) -> Iterator[Table]:
    for case in CASES:
        if results := list(_results(document, case)):
            yield case, _HEAD, _case_rows(case, results)
    if document["imports"]:
        rows = document["imports"][0]["rows"]
        yield f"import of a CSV file of {rows:,} rows", _IMPORT_HEAD, _import_rows(document["imports"])


def _results(document: Document, case: str) -> Iterator[dict[str, Any]]:
    for result in document["results"]:
        if result["case"] == case:
            yield result
            if result["peer"] == _OURS and case in _BY_REST:
                yield from _by_rest(document, _BY_REST[case])


def _by_rest(document: Document, case: str) -> Iterator[dict[str, Any]]:
    """Give what SynthDB's REST found, to stand beside GraphQL."""
    asked = (result for result in document["results"] if (result["case"], result["peer"]) == (case, _OURS))
    return (result | {"peer": REST} for result in asked)


def _case_rows(case: str, results: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    ours = next(result["cpu_us"] for result in results if result["peer"] == _OURS)
    return [_case_row(case, result, ours) for result in sorted(results, key=lambda result: result["cpu_us"])]


def _case_row(case: str, result: dict[str, Any], ours: float) -> tuple[str, ...]:
    peer, cpu = result["peer"], result["cpu_us"]
    dearer = peer == RAW or cpu < ours
    target = TARGETS.get((peer, case))
    at_most = target is not None and target.at_most
    ratio = ours / cpu if at_most else cpu / ours
    said = "" if peer == _OURS else f"{ours / cpu:.3g}x dearer" if dearer else f"{cpu / ours:.3g}x cheaper"
    rate, p99 = result["requests_per_second"], result["p99_ms"]
    return (
        peer, f"{1e6 / cpu:,.0f}", said, str(target or ""), target.says(ratio) if target else "",
        f"{rate:,.0f}" if rate else "", f"{p99:.1f}" if rate else "",
    )  # fmt: skip


def _import_rows(imports: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    ours = next(found["cpu_seconds"] for found in imports if found["peer"] == _OURS)
    return [
        (
            found["peer"],
            f"{found['rows'] / found['cpu_seconds']:,.0f}",
            "" if found["peer"] == _OURS else f"{ours / found['cpu_seconds']:.3g}x dearer",
            f"{found['cpu_seconds']:.1f}",
            f"{found['seconds']:.1f}",
            f"{found['peak_bytes'] / 1e6:.0f}",
        )
        for found in imports
    ]


def _remarks(document: Document) -> list[str]:
    notes = list(document.get("notes", ()))
    if "engine" in document:
        notes.append(remark(document["engine"]))
    for result in document.get("results", ()):
        if result["failed"] or result["dropped"]:
            asked = result["requests"] + result["failed"] + result["dropped"]
            notes.append(
                f"{result['peer']}, {result['case']}: of {asked} requests {result['failed']} failed "
                f"and {result['dropped']} lost their connection."
            )
    return notes


def _where(document: Document) -> str:
    machine, plan = document["machine"], document["plan"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return (
        f"{plan['rows']:,} rows, {plan['rounds']} rounds of {plan['seconds']:g} s, on {machine['cpus']} CPUs "
        f"at load {machine['load']}, {machine['system']}, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}; {versions}"
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
