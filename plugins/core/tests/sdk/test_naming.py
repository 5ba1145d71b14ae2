"""Names in generated programs, made from names of tables."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdb.sdk.naming import SUFFIXES, base_name, base_names

patient = settings(deadline=None)


@pytest.mark.parametrize(
    ("table", "expected"),
    (
        pytest.param("people", "People", id="plain"),
        pytest.param("people_of_note", "PeopleOfNote", id="words"),
        pytest.param("peopleOfNote", "PeopleOfNote", id="capitals stay"),
        pytest.param("1st", "T1st", id="a digit first"),
        pytest.param("!?", "T", id="nothing that a name may have"),
        pytest.param("größe & maße", "GrößeMaße", id="letters of other languages"),
        pytest.param("日本", "T日本", id="letters without capitals"),
        pytest.param("ﬁlms", "Films", id="a ligature"),
        pytest.param("ⅷ२", "Viii२", id="digits"),
        pytest.param("none", "None", id="a word of the language"),
    ),
)
def test_a_table_has_a_name_in_programs(table: str, expected: str) -> None:
    """Words begin with capitals, and what no language takes in a name is left out."""
    assert expected == base_name(table)


def test_names_that_would_be_the_same_get_numbers() -> None:
    """Also where one table is called like another one with a suffix; the order of the tables does not matter."""
    tables = ["items row", "items_row", "items", "none"]

    found = base_names(tables)

    assert {"items": "Items", "items row": "ItemsRow2", "items_row": "ItemsRow3", "none": "None2"} == found
    assert found == base_names(reversed(tables))


@patient
@given(st.sets(st.text(min_size=1, max_size=12), max_size=12))
def test_every_name_can_be_one_in_every_language_and_is_there_once(tables: set[str]) -> None:
    """With every suffix; Go takes letters and decimal digits, and wants a capital first."""
    found = base_names(tables)
    names = [f"{base}{suffix}" for base in found.values() for suffix in SUFFIXES]

    assert tables == set(found)
    assert len(names) == len(set(names))
    for name in names:
        assert name.isidentifier()
        assert "Lu" == unicodedata.category(name[0])
        assert all(letter.isalpha() or letter.isdecimal() for letter in name)
