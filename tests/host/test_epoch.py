"""The epoch: whoever has read something knows at once, and cheaply, that it may be otherwise now."""

import os
import signal
from pathlib import Path

import pytest

from synthdb_host.epoch import Epoch
from synthdb_host.errors import ConfigurationError


def test_a_change_is_seen_by_all_who_share_the_file(tmp_path: Path) -> None:
    """Before it, during it and after it there are three numbers; during it, an odd one."""
    here, there = Epoch(tmp_path / "epoch"), Epoch(tmp_path / "epoch")
    before = there.value
    with here.change():
        during = there.value
    after = there.value

    assert (0, 1, 0) == (before % 2, during % 2, after % 2)
    assert before < during < after


def test_a_change_that_fails_counts_as_one(tmp_path: Path) -> None:
    """Nobody knows what it has done."""
    epoch = Epoch(tmp_path / "epoch")
    before = epoch.value
    with pytest.raises(KeyError), epoch.change():
        raise KeyError

    assert before + 2 == epoch.value


def test_what_a_process_left_that_was_killed_in_a_change_is_put_right(tmp_path: Path) -> None:
    """Until then nothing is kept, so that nothing is wrong; while a change goes on, nobody ends it for another."""
    epoch = Epoch(tmp_path / "epoch")
    with epoch.change():
        epoch.repair()
        assert 1 == epoch.value
    child = os.fork()
    if child == 0:
        with epoch.change():
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    left = epoch.value
    epoch.repair()

    assert (3, 4) == (left, epoch.value)


def test_a_folder_that_cannot_be_made_is_an_error_naming_it(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"data folder .*/data: "):
        assert Epoch(tmp_path / "data" / "epoch").value
