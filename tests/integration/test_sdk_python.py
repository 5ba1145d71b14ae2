"""The generated Python client, as type checkers see it and against the real server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.generated import (
    CLIENTS,
    PAGE,
    Shop,
    check_results,
    generate,
    run,
    serving_films,
    serving_shop,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WRONG = """
import shop_client
from shop_client import Items

items = shop_client.connect("http://127.0.0.1").table(Items)
items.select("nmae")
items.select().eq("nmae", 1)
items.insert({"stock": 1})
items.insert({"sku": 1})
items.update({"sold": None})
name: str = items.get(1).data["stock"]
found: int | None = items.get(1).data["stock"]
rpc = shop_client.connect("http://127.0.0.1").rpc
rpc.staff()
rpc.staff(least="1")
rpc.staff(least=1)[0]["nmae"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client."""
    return generate(tmp_path_factory.mktemp("python"), "python", ["roundtrip.py", "listening.py"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Serve the database."""
    with serving_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


def test_the_client_does_what_it_promises(folder: Path, shop: Shop) -> None:
    """Every check of the driver passes against the server."""
    check_results(run([sys.executable, "roundtrip.py", *shop.urls], folder), 26)


def test_mypy_finds_nothing_in_the_client_and_what_is_wrong_in_its_use(folder: Path) -> None:
    """Client and driver are strictly typed; columns, values that are missing or of the wrong type are errors."""
    (folder / "mypy.ini").write_text("[mypy]\nstrict = True\ncache_dir = .cache\n", encoding="utf-8")
    run([sys.executable, "-m", "mypy", "shop_client", "roundtrip.py"], folder)
    (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        run([sys.executable, "-m", "mypy", "wrong.py"], folder)
    (folder / "wrong.py").unlink()
    lines = [line for line in str(caught.value).splitlines() if line.startswith("wrong.py:") and ": error:" in line]
    assert sorted({int(line.split(":")[1]) for line in lines}) == [6, 7, 8, 9, 10, 11, 14, 15, 16]


def test_pyright_finds_nothing_in_the_client(folder: Path) -> None:
    """The second type checker agrees."""
    pyright = CLIENTS / "node_modules" / ".bin" / "pyright"
    assert "0 errors, 0 warnings" in run([pyright, "--pythonpath", sys.executable, "."], folder)


def test_the_examples_on_the_page_give_what_it_says(tmp_path: Path) -> None:
    """A reader who types them sees the same."""
    with serving_films(tmp_path, "python") as url:
        page = PAGE.read_text("utf-8").replace("http://127.0.0.1:8000", url)
        (tmp_path / "page.md").write_text(page, encoding="utf-8")
        program = "import doctest; print(doctest.testfile('page.md', module_relative=False))"
        printed = run([sys.executable, "-c", program], tmp_path)
    assert "failed=0" in printed, printed
    assert page.count(">>> ") > 20
