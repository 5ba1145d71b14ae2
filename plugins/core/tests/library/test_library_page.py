"""The examples of the pages on the library and on versions run as they are printed."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("consumers.md", 10), ("library.md", 30), ("versions.md", 20), ("queries.md", 15), ("evolution.md", 8),
        ("realtime.md", 5),
    ],
)  # fmt: skip
def test_every_example_gives_what_the_page_says(
    page: str, least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who types the examples sees the same."""
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL

    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=flags, verbose=False)

    assert (0, True) == (failed, tried > least)
