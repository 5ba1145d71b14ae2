"""The feed of a branch of a branch of a branch."""

from collections.abc import Iterator
from typing import Any

from synthdb_host.versions import Changes, Ref


def deeper(ask: Any, ref: Ref, first: int, end: int) -> Ref:
    """Fork again and again; each branch changes one row of its own and one that all change."""
    for number in range(first, end):
        ref = ask.branch(f"b{number:04}", ref)
        ask.update("t", 1, ref, n=number)
        ask.update("t", 2 + number, ref, n=number)
    return ref


def test_changes_are_told_through_all_layers(ask: Any) -> None:
    """With what the row was on the branch below, whoever wrote it; a row that was deleted is one no more."""
    ask.insert("t", *({"n": -1} for _ in range(40)))
    ref = deeper(ask, Ref(), 0, 12)
    ask.delete("t", 1, ref)
    ref = deeper(ask, ref, 12, 24)

    told = ask(Changes(branch=ref.branch)).python()[40:]
    shared = [row for row in told if row["key"] == [1]]
    own = [row for row in told if row["key"] != [1]]

    expected = [("update", number - 1, number) for number in range(12)]
    assert expected == [(row["change"], row["old"]["n"], row["new"]["n"]) for row in shared[:-1]]
    assert ("delete", 11, None) == (shared[-1]["change"], shared[-1]["old"]["n"], shared[-1]["new"])
    assert [([2 + n], f"b{n:04}", -1, n) for n in range(24)] == [
        (row["key"], row["branch"], row["old"]["n"], row["new"]["n"]) for row in own
    ]


def test_a_commit_takes_as_many_statements_at_any_depth(statements: Iterator[int], ask: Any) -> None:
    """What a branch shows of those below is not looked up branch by branch for every commit."""
    ask.insert("t", *({"n": -1} for _ in range(200)))
    costs, ref = [], Ref()
    for depth in (40, 80, 160):
        ref = deeper(ask, ref, depth // 2 if depth > 40 else 0, depth)
        ask(Changes(branch=ref.branch))
        before = next(statements)
        ask(Changes(branch=ref.branch))
        costs.append(next(statements) - before)

    assert costs[2] - costs[1] < 2.5 * (costs[1] - costs[0])
