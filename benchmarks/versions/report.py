"""The tables of what versions cost."""

from collections.abc import Iterator
from typing import Any, Final

from benchmarks.versions.cases import CASES, Case

__all__ = ["remark", "tables"]

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]

_RAW: Final = "raw sqlite3"
_STATEMENTS: Final = "statements"
_OURS: Final = "SynthDB"
_DOLT: Final = "DoltLite"
_COPIES: Final = "file copies"
_HEAD: Final = (
    "case", "raw us", "statements", "ratio", "target", "reached", "SynthDB us", "ratio", "DoltLite us", "SynthDB is",
)  # fmt: skip
_TWICE: Final = 2


def tables(engine: dict[str, Any]) -> Iterator[Table]:
    """Give the tables of one run."""
    by_name = {found["case"]: found for found in engine["comparison"]}
    rows = [_compared(case, by_name[case.name]) for case in CASES if case.name in by_name]
    yield f"versions: in process, {engine['plan']['rows']:,} rows", _HEAD, rows
    for key, what in (("by size", "rows in the table"), ("by depth", "branches below each other")):
        yield f"versions: growth with {what}, us", *_grown(engine[key])
    yield "versions: many branches, us", *_beside(engine["by branches"])


def remark(engine: dict[str, Any]) -> str:
    """Say on what the tables of versions were measured."""
    machine, plan = engine["machine"], engine["plan"]
    packages = ", ".join(f"{name} {version}" for name, version in engine["versions"].items())
    return (
        f"Versions were measured in {plan['rounds']} rounds at load {machine['load']}, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}; {packages}.{_copies(engine)}"
    )


def _compared(case: Case, found: dict[str, Any]) -> tuple[str, ...]:
    times, ratios = found["us"], found["ratio"]
    ours, dolt = times[_OURS], times.get(_DOLT)
    target = "" if case.target is None else f"{case.target.value:g}{' us' if case.target.absolute else 'x'}"
    other = "" if dolt is None else f"{dolt / ours:.2g}x cheaper" if dolt > ours else f"{ours / dolt:.2g}x dearer"
    return (
        case.name, _us(times.get(_RAW)), _us(times.get(_STATEMENTS)), _ratio(ratios.get(_STATEMENTS)), target,
        _reached(case, found), _us(ours), _ratio(ratios.get(_OURS)), _us(dolt), other,
    )  # fmt: skip


def _reached(case: Case, found: dict[str, Any]) -> str:
    """Judge a case by the whole call, or else by its statements alone."""
    target, scale = case.target, found["us"] if case.target and case.target.absolute else found["ratio"]
    if target is None:
        return ""
    if scale[_OURS] <= target.value:
        return "yes"
    return "statements" if scale.get(_STATEMENTS, scale[_OURS]) <= target.value else "missed"


def _grown(found: dict[str, dict[str, float]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    columns = list(found)
    names = list(next(iter(found.values())))
    return ("case", *columns), [(name, *(_us(found[column][name]) for column in columns)) for name in names]


def _beside(found: dict[str, dict[str, float]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Show few and many side by side, and whether many cost at most twice as much."""
    few, many = found
    rows = [
        (name, _us(us), _us(found[many][name]), _ratio(found[many][name] / us),
         "yes" if found[many][name] <= _TWICE * us else "missed")
        for name, us in found[few].items()
    ]  # fmt: skip
    return ("case", few, many, "ratio", "at most 2x"), rows


def _us(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def _copies(engine: dict[str, Any]) -> str:
    """Say what a branch costs that is a copy of the file."""
    found = [case["us"][_COPIES] for case in engine["comparison"] if _COPIES in case["us"]]
    return "".join(f" A branch as a copy of the file of raw sqlite3 costs {_us(us)} us." for us in found)
