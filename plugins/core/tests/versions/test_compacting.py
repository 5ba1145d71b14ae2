"""A branch with rows of its own shows what it showed, now and at every moment of its past."""

from random import Random
from typing import Any

import pytest

from synthdb_host.errors import InvalidParameter
from synthdb_host.versions import HEAD, Changes, Compact, Diff, History, Log, Merge, Ref

ROWS = 40
KEYS = 50


def grown(ask: Any, seed: int) -> list[Ref]:
    """Grow branches five deep, each level written to between the making of the next ones."""
    random = Random(seed)
    ask.insert("things", *({"name": f"n{number}", "size": number} for number in range(ROWS)))
    refs = [HEAD]
    for depth in range(5):
        refs.append(ask.branch(f"b{depth}", refs[-1]))
        for ref in refs:
            for _ in range(3):
                write(ask, random, ref)
    return refs


def write(ask: Any, random: Random, ref: Ref) -> None:
    key = random.randint(1, KEYS)
    match random.choice("uid"):
        case "u":
            ask.update("things", key, ref, size=random.randint(0, 99))
        case "d":
            ask.delete("things", key, ref)
        case _:
            ask.upsert("things", {"id": key, "name": "new", "size": key}, ref=ref)


def everything(ask: Any, refs: list[Ref]) -> dict[str, Any]:
    """Read every branch now and after each commit, and the history of some rows."""
    last = max(int(ask(Log(ref, limit=1)).python()[0]["id"]) for ref in refs)
    moments = [Ref(ref.branch, str(commit)) for ref in refs for commit in range(1, last + 1)]
    states: dict[str, Any] = {str(ref): ask.rows("things", ref) for ref in (*refs, *moments)}
    for ref in refs:
        states |= {f"{ref}/{key}": ask(History("things", (key,), ref=ref)).json() for key in range(1, 6)}
        states[f"{ref} diff"] = ask(Diff(HEAD, ref)).json()
        states[f"{ref} feed"] = ask(Changes(branch=ref.branch)).json()
    return states


@pytest.mark.parametrize("seed", range(4))
def test_a_branch_with_rows_of_its_own_shows_what_it_showed(ask: Any, seed: int) -> None:
    """Rows now and then, histories, diffs and the feed are the same, on the branch and on those made from it."""
    refs = grown(ask, seed)
    before = everything(ask, refs)

    for ref, whole in ((refs[4], False), (refs[3], True), (refs[5], True), (refs[4], True)):
        ask(Compact(ref, whole=whole))
        assert before == everything(ask, refs)


def test_a_branch_with_rows_of_its_own_is_written_and_merged_as_before(ask: Any) -> None:
    """Writes go on where they were, and a merge takes over just what the branch changed."""
    ask.insert("things", {"size": 1}, {"size": 2}, {"size": 3})
    dev = ask.branch("dev")
    ask.update("things", 2, dev, size=20)
    ask(Compact(dev, whole=True))
    ask.update("things", 3, dev, size=30)
    ask.update("things", 1, size=10)

    assert [1, 20, 30] == [row["size"] for row in ask.rows("things", dev)]
    assert 2 == ask(Merge(dev)).affected
    assert [10, 20, 30] == [row["size"] for row in ask.rows("things")]


def test_main_cannot_be_compacted(ask: Any) -> None:
    """It has rows of its own already."""
    ask.insert("things", {"size": 1})

    with pytest.raises(InvalidParameter):
        ask(Compact(HEAD))
