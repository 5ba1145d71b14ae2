"""Conformance: the feed of changes."""

from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Changes

__all__ = ["FeedTests"]


class FeedTests:
    """Every change of every commit, once and in order."""

    @needs("changes")
    def test_the_feed_tells_every_change_in_order(self, session: Session) -> None:
        """With the row as it was and as it became, and the commit as the offset."""
        session.execute(Changes(branch=None))
        first = session.insert("people", {"name": "Ada", "age": 36}).commit
        second = session.update("people", {"age": 37}, where("id", "eq", 1)).commit
        third = session.delete("people", where("id", "eq", 1)).commit
        old, new = {"id": 1, "name": "Ada", "age": 36}, {"id": 1, "name": "Ada", "age": 37}
        expected = [(first, "insert", None, old), (second, "update", old, new), (third, "delete", new, None)]
        found = session.execute(Changes(branch=None)).python()
        assert expected == [(row["offset"], row["change"], row["old"], row["new"]) for row in found]
        assert [("people", [1])] * 3 == [(row["table"], row["key"]) for row in found]

    @needs("changes")
    def test_the_feed_goes_on_after_an_offset(self, session: Session) -> None:
        """After the last change there is nothing until there is another one."""
        session.execute(Changes(branch=None))
        first = session.insert("people", {"name": "Ada"}).commit
        second = session.insert("people", {"name": "Bob"}).commit
        assert [second] == [row["offset"] for row in session.execute(Changes(first, branch=None)).python()]
        assert [] == session.execute(Changes(second, branch=None)).python()
        third = session.insert("people", {"name": "Cleo"}).commit
        assert [third] == [row["offset"] for row in session.execute(Changes(second, branch=None)).python()]

    @needs("changes")
    def test_a_commits_changes_come_whole(self, session: Session) -> None:
        """However small the page; the next one starts with the next commit."""
        session.execute(Changes(branch=None))
        first = session.insert("people", {"name": "Ada"}, {"name": "Bob"}, {"name": "Cleo"}).commit
        second = session.insert("people", {"name": "Dan"}).commit
        page = session.execute(Changes(branch=None, limit=2)).python()
        assert [first] * 3 == [row["offset"] for row in page]
        assert [second] == [row["offset"] for row in session.execute(Changes(first, branch=None, limit=2)).python()]

    @needs("changes", "branches")
    def test_the_feed_is_of_a_branch_or_of_all(self, session: Session) -> None:
        """A branch has the commits that led to it, those before it was made too; and of the tables asked for."""
        first = session.insert("people", {"name": "Ada"}).commit
        dev = session.fork("dev")
        there = dev.insert("people", {"name": "Bob"}).commit
        here = session.insert("pets", {"name": "Rex"}).commit
        assert [first, there] == [row["offset"] for row in session.execute(Changes(branch="dev")).python()]
        last = session.execute(Changes(branch=None)).python()[-2:]
        assert [(there, "dev"), (here, session.ref.branch)] == [(row["offset"], row["branch"]) for row in last]
        pets = session.execute(Changes(tables=("pets",), branch=None)).python()
        assert [here] == [row["offset"] for row in pets]

    @needs("changes", "branches", "merge")
    def test_a_merge_is_in_the_feed_of_the_branch_merged_into(self, session: Session) -> None:
        """With what it changed there."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        merged = session.merge(dev).commit
        last = session.execute(Changes(branch=session.ref.branch)).python()[-1]
        assert (merged, "update", 37) == (last["offset"], last["change"], last["new"]["age"])
