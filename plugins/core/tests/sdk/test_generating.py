"""What is generated, and when it changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import synthdb
from synthdb.sdk.fingerprint import fingerprint_of
from synthdb.sdk.generating import LANGUAGES, Language, sources_for
from synthdb.sdk.shapes import queries_of, tables_of
from synthdb.sdk.sources import stale, write

every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def db() -> Iterator[synthdb.Connection]:
    """A database with relations of every kind."""
    with synthdb.connect(":memory:") as connection:
        connection.create_table("people", {"id": "integer", "name": "text", "boss_id": "integer"}, key="id")
        connection.create_table("films", {"id": "integer", "maker": "integer", "star": "integer"}, key="id")
        connection.create_table("notes", {"text": "text", "film": "integer", "films": "text"})
        connection.add_foreign_key("people", "boss_id", "people.id", name="boss")
        connection.add_foreign_key("films", "maker", "people.id", name="made_by")
        connection.add_foreign_key("films", "star", "people.id", name="starring")
        connection.add_foreign_key("notes", "film", "films.id", name="about")
        yield connection


@every_language
def test_the_same_tables_give_the_same_bytes(db: synthdb.Connection, language: Language) -> None:
    """Whatever the rows are, and in whichever order tables were made."""
    before = sources_for(language, "db", db.catalog())
    db.insert("people", {"name": "Ada"})
    db.queries.save("all", "SELECT 1 AS one")

    assert before == sources_for(language, "db", db.catalog())


def test_relations_have_names_that_nothing_else_has(db: synthdb.Connection) -> None:
    """The table's name where there is one way to it, else the key's; and none that is a column's."""
    found = {table.name: {item.name: item.address for item in table.relations} for table in tables_of(db.catalog())}

    assert {"made_by": "people!made_by", "starring": "people!starring", "notes": "notes"} == found["films"]
    assert {
        "films_made_by": "films!made_by", "films_starring": "films!starring", "boss": "boss_id!boss",
        "people_boss": "people!boss",
    } == found["people"]  # fmt: skip
    assert {"films_": "films"} == found["notes"]


def test_the_fingerprint_changes_with_what_clients_depend_on(db: synthdb.Connection) -> None:
    """New columns and relations count; comments, indexes, rows and what SynthDB keeps for itself do not."""
    before = fingerprint_of(db.catalog())
    db.add_index("people", "name")
    db.insert("people", {"name": "Ada"})
    db.queries.save("all", "SELECT 1 AS one")
    assert before == fingerprint_of(db.catalog())

    db.add_columns("people", {"born": "date"})

    assert before != (second := fingerprint_of(db.catalog()))
    db.alter_column("people", "name", not_null=True)
    assert second != fingerprint_of(db.catalog())


@every_language
def test_files_are_written_only_where_they_change(db: synthdb.Connection, language: Language, tmp_path: Path) -> None:
    """Files of others in the folder stay."""
    sources = sources_for(language, "db", db.catalog())
    (tmp_path / "mine.txt").write_text("mine")

    assert list(sources) == stale(tmp_path, sources) == write(tmp_path, sources)
    assert [] == write(tmp_path, sources)
    db.add_columns("people", {"born": "date"})
    changed = write(tmp_path, sources_for(language, "db", db.catalog()))
    assert 1 == len(changed)
    assert "mine" == (tmp_path / "mine.txt").read_text()


@every_language
def test_a_database_without_tables_has_a_client(language: Language) -> None:
    """It can do SQL, branches and whatever else needs no table."""
    with synthdb.connect(":memory:") as db:
        sources, fingerprint = sources_for(language, "db", db.catalog()), fingerprint_of(db.catalog())

    assert any(fingerprint in text for text in sources.values())


@every_language
def test_what_a_reader_would_not_see_is_not_in_a_source(language: Language) -> None:
    """Control characters, and marks that turn the direction of text, would make a source look like another one."""
    with synthdb.connect(":memory:") as db:
        db.create_table("x\u202ey", {"a\ufeffb": "text"}, comment="one\x00two\u202ethree\nfour")
        sources = sources_for(language, "db", db.catalog())

    hidden = {letter for text in sources.values() for letter in text if not letter.isprintable()}
    assert hidden <= {"\n", "\t"}


def test_hostile_comments_stay_comments() -> None:
    """No comment or name ends the text that it stands in."""
    with synthdb.connect(":memory:") as db:
        db.create_table('x""" + 1 */ ` ${', {'"""\\': "text", "*/ `${": "text"}, comment='"""\\ */\nraise `')
        sources = sources_for("python", 'd"b', db.catalog())

    for name in ("tables.py", "__init__.py"):
        assert "raise" not in compile(sources[name], name, "exec").co_names


@every_language
def test_saved_queries_are_part_of_a_client(db: synthdb.Connection, language: Language) -> None:
    """Those that can be run, with the types that their columns have now, in whichever order they were saved."""
    db.queries.save("b-b", "SELECT text FROM notes")
    db.queries.save("a", "SELECT id AS shown FROM people WHERE id > :least", parameters={"least": "integer"})
    before = sources_for(language, "db", db.catalog(), db.queries.usable())
    again = sources_for(language, "db", db.catalog(), list(reversed(db.queries.usable())))
    db.drop_column("notes", "text")
    after = sources_for(language, "db", db.catalog(), db.queries.usable())

    assert before == again
    assert ["a"] == [query.name for query in db.queries.usable()]
    assert any('"b-b"' in text for text in before.values())
    assert not any('"b-b"' in text for text in after.values())


def test_types_of_queries_and_of_tables_have_names_of_their_own(db: synthdb.Connection) -> None:
    """A query may be called as a table is, or as another query but for what no program has in names."""
    for name in ("films", "films-row", "films_row"):
        db.queries.save(name, "SELECT 1 AS one")
    tables = tables_of(db.catalog())
    queries = queries_of(db.queries.usable(), tables)

    assert ["Films2", "FilmsRow2", "FilmsRow3"] == [query.base for query in queries]
