"""The generated TypeScript client, compiled by two compilers, against the real server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.generated import (
    CLIENTS,
    Shop,
    check_results,
    examples,
    generate,
    run,
    serving_films,
    serving_shop,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SCRIPTS = ("roundtrip.ts", "wrong.ts", "tsconfig.json", "package.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client."""
    return generate(tmp_path_factory.mktemp("typescript"), "typescript", SCRIPTS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Serve the database."""
    with serving_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.mark.parametrize("compiler", ("typescript5", "typescript7"))
def test_the_client_does_what_it_promises(folder: Path, shop: Shop, compiler: str) -> None:
    """It compiles strictly, wrong uses do not, and every check of the driver passes against the server."""
    run(["node", CLIENTS / "node_modules" / compiler / "bin" / "tsc", "--outDir", compiler, "-p", "."], folder)
    check_results(run(["node", f"{compiler}/roundtrip.js", *shop.urls], folder), 26)


def test_the_examples_on_the_page_print_what_it_says(tmp_path: Path) -> None:
    """A reader who runs them one after another sees the same."""
    for name in ("tsconfig.json", "package.json"):
        shutil.copy(CLIENTS / "sdk" / name, tmp_path)
    with serving_films(tmp_path, "typescript") as url:
        program, expected = examples("ts", url)
        (tmp_path / "page.ts").write_text(program, encoding="utf-8")
        run(["node", CLIENTS / "node_modules" / "typescript7" / "bin" / "tsc", "-p", "."], tmp_path)
        assert expected == run(["node", "out/page.js"], tmp_path)
    assert program.count("\n") > 30
