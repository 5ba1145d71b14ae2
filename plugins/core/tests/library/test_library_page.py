"""The examples of the page on the library run as they are printed."""

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[4] / "docs" / "library.md"


def test_every_example_gives_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who types the examples sees the same."""
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL

    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags, verbose=False)

    assert (0, True) == (failed, tried > 30)
