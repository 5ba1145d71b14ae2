"""Explaining SQL from the library, on any state."""

import pytest

import synthdb

LAYERS = "whose rows are put together from several branches or versions"


def test_a_statement_is_explained_on_branches_and_past_states(db: synthdb.Connection) -> None:
    """The columns and indexes are those of the state, and the sentences name the logical ones."""
    before = db.log(limit=1)[0]["id"]
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.rename_column("people", "city", "town")
    dev.add_index("people", "born")
    dev.insert("people", {"name": "Edsger", "born": 1930, "town": "Rotterdam"})

    steps = [step["sentence"] for step in dev.explain("SELECT town FROM people WHERE born = ?")]

    assert [
        "Gives town (text).",
        f"Reads born (integer) and town (text) of people, {LAYERS}.",
        "Finds rows of people by born with the index people_born_idx.",
    ] == steps
    assert "Reads the whole table people (3 rows)." == db.at(before).explain("SELECT city FROM people")[-1]["sentence"]
    with pytest.raises(synthdb.RequestError):
        db.at(before).explain("SELECT town FROM people")
