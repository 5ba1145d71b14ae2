"""Check that this environment holds the installed host, one installed plugin and no other package of ours.

Usage: ``python scripts/alone.py PLUGIN``, run from a folder outside the repository.
"""

import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

__all__ = ["main", "problems"]


def problems(plugin: str) -> list[str]:
    """Return what is wrong with this environment, one sentence each."""
    expected = {"synthdb-host", f"synthdb-{plugin}"}
    ours = {name for item in distributions() if (name := item.metadata["Name"]).startswith("synthdb")}
    found = [f"{name} is installed" for name in sorted(ours - expected)]
    found += [f"{name} is not installed" for name in sorted(expected - ours)]
    spec = find_spec("synthdb_host")
    if spec is None or spec.origin is None or Path(sys.prefix) not in Path(spec.origin).parents:
        found.append(f"synthdb_host is imported from {spec and spec.origin}, not from the wheel")
    return found


def main(arguments: list[str]) -> int:
    """Print what is wrong; return 1 if that is anything."""
    found = problems(arguments[0])
    print("\n".join(found) if found else f"synthdb-host and synthdb-{arguments[0]} are installed alone")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
