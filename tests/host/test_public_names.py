"""What plugin authors import: everything from ``synthdb_host``, paid for when it is used."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import synthdb_host
from synthdb_host import catalog, contracts, encoding, errors, operations, versions


@pytest.mark.parametrize(
    "module", [catalog, contracts, encoding, errors, operations, versions], ids=lambda one: one.__name__
)
def test_every_name_of_the_contract_can_be_imported_from_the_package(module: ModuleType) -> None:
    """A plugin author need not know in which module a record lives."""
    assert [] == [name for name in module.__all__ if name not in synthdb_host.__all__]
    assert all(getattr(synthdb_host, name) is getattr(module, name) for name in module.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in every module."""
    with pytest.raises(AttributeError, match="module 'synthdb_host' has no attribute 'Hook'"):
        synthdb_host.Hook  # noqa: B018 - the access is the test


@pytest.mark.slow
def test_a_type_checker_knows_every_name(tmp_path: Path) -> None:
    """Under ``mypy --strict`` none of them is just an object."""
    script = tmp_path / "names.py"
    asked = "".join(f"reveal_type({name})\n" for name in synthdb_host.__all__)
    script.write_text(f"from synthdb_host import (\n    {', '.join(synthdb_host.__all__)}\n)\n{asked}")
    root = str(Path(synthdb_host.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "types"), str(script)],
        capture_output=True, text=True, check=False, env=os.environ | {"MYPYPATH": root}, cwd=tmp_path,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout
    assert len(synthdb_host.__all__) == done.stdout.count("Revealed type is ")
    assert [] == [line for line in done.stdout.splitlines() if line.endswith(('"object"', '"Any"'))]


def test_importing_the_package_imports_nothing_heavy() -> None:
    """Not even the records of the contract."""
    code = "import sys, synthdb_host; print({'msgspec', 'pluggy', 'pydantic', 'click'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == result.stdout
