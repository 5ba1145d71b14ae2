"""The page about storage backends: its example is a plugin that works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from synthdb_host.testing import StorageSuite

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "storage.md"
MEMORY = ROOT / "tests" / "plugins" / "memory" / "src"

DATABASE = '''
"""What the page leaves to the author."""
from synthdb_memory.database import CAPABILITIES
from synthdb_memory.database import open_memory as open_mine
'''


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_example_of_the_page_is_a_plugin_that_passes_the_suite(tmp_path: Path) -> None:
    """Every block of the page, put where the page says, runs as it stands."""
    text = PAGE.read_text("utf-8")
    (manifest,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    plugin, suite, usage = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    package = tmp_path / "mine"
    package.mkdir()
    files = {
        package / "__init__.py": "",
        package / "synthdb-plugin.toml": manifest,
        package / "plugin.py": plugin,
        package / "database.py": DATABASE,
        tmp_path / "test_suite.py": suite,
        tmp_path / "test_usage.py": usage,
        tmp_path / "pytest.ini": f"[pytest]\npythonpath = . '{MEMORY}'\n",
    }
    for path, content in files.items():
        path.write_text(content, "utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    tests = len([name for name in dir(StorageSuite) if name.startswith("test_")])
    passed = re.search(r"(\d+) passed", done.stdout)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert passed
    assert int(passed[1]) > tests


@pytest.mark.parametrize("fixture", ["make_host", "make_client", "live_server", "hook_recorder", "synthdb_data"])
def test_the_page_names_every_fixture_of_the_kit(fixture: str) -> None:
    """An author finds them where the contract is explained."""
    assert f"| `{fixture}` |" in PAGE.read_text("utf-8")
