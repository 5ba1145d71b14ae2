"""Every process of an installation signs with the same secret."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synthdb_host.errors import ConfigurationError
from synthdb_host.settings import Secret
from synthdb_host.signing import Signing


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    """In the data folder, for the eyes of its owner alone."""
    folder = tmp_path / "data"
    first = Signing(folder)
    assert not folder.exists()

    assert first.key("a") == first.key("a") == Signing(folder).key("a")
    assert first.key("a") != first.key("b")
    assert 0o600 == stat.S_IMODE((folder / "secret.key").stat().st_mode)
    assert ["secret.key"] == [path.name for path in folder.iterdir()]


def test_those_who_make_it_at_once_agree(tmp_path: Path) -> None:
    """The first file stays."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Signing(tmp_path).key("a"), range(64)))
    assert 1 == len(keys)


def test_a_setting_comes_before_the_file(tmp_path: Path) -> None:
    """So that servers without a common folder can agree."""
    given = Signing(tmp_path / "a", Secret("x" * 32)).key("a")
    assert given == Signing(tmp_path / "b", Secret("x" * 32)).key("a")
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(ConfigurationError):
        Signing(tmp_path, Secret("file:/does/not/exist")).key("a")


def test_where_nothing_can_be_written_a_process_has_its_own(tmp_path: Path) -> None:
    """It is the same for all that are forked from it."""
    place = tmp_path / "file"
    place.write_text("no folder")
    signing = Signing(place / "data")
    assert signing.key("a") == signing.key("a") != Signing(place / "data").key("a")
