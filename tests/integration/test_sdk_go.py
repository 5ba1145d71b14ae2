"""The generated Go client, compiled without a network, against the real server."""

import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.generated import CLIENTS, Shop, examples, generate, run, serving_films, serving_shop

# The first build compiles the standard library.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GO = Path(sys.executable).parent / "go"
GOFMT = Path(sysconfig.get_path("purelib")) / "go" / "bin" / "gofmt"
ENVIRONMENT = {
    "GOFLAGS": "-mod=mod", "GOPROXY": "off", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local",
    "GOCACHE": str(Path(sys.prefix) / "go-cache"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client."""
    return generate(tmp_path_factory.mktemp("go"), "go", ["roundtrip_test.go", "go.mod"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Serve the database."""
    with serving_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


def test_the_client_does_what_it_promises(folder: Path, shop: Shop) -> None:
    """It compiles with the standard library alone, vet has nothing to say, and every check of the driver passes."""
    environment = {**ENVIRONMENT, **dict(zip(("BASE_URL", "CUTTING_URL", "KILLING_URL"), shop.urls, strict=True))}
    run([GO, "vet", "./..."], folder, environment)
    printed = run([GO, "test", "-count=1", "-v", "./..."], folder, environment)
    assert printed.count("--- PASS: Test") == (CLIENTS / "sdk" / "roundtrip_test.go").read_text("utf-8").count(
        "func Test"
    )


def test_the_examples_on_the_page_print_what_it_says(tmp_path: Path) -> None:
    """A reader who runs them one after another sees the same."""
    shutil.copy(CLIENTS / "sdk" / "go.mod", tmp_path)
    with serving_films(tmp_path, "go") as url:
        program, expected = examples("go", url)
        (tmp_path / "main.go").write_text(program, encoding="utf-8")
        assert expected == run([GO, "run", "."], tmp_path, ENVIRONMENT)
    assert program.count("\n") > 30


def test_the_runtime_is_formatted() -> None:
    """As Go formats it."""
    runtime = Path(__file__).parents[2] / "plugins" / "core" / "src" / "synthdb" / "sdk" / "runtimes" / "go"
    assert "" == run([GOFMT, "-l", runtime, CLIENTS / "sdk"], runtime)
