"""Operations: plain frozen data, comparable, and complete by default."""

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb_host import operations
from synthdb_host.operations import (
    ALL_OPERATORS,
    HEAD,
    MISSING,
    And,
    Batch,
    ColumnRef,
    Comparison,
    Delete,
    Insert,
    Literal,
    Missing,
    Not,
    Or,
    Ref,
    Select,
    Update,
    and_all,
)

_EXPORTED = [getattr(operations, name) for name in operations.__all__]
_RECORDS = [kind for kind in _EXPORTED if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
A, B = (Comparison(ColumnRef(name), "eq", 1) for name in "ab")


@pytest.mark.parametrize("kind", _RECORDS, ids=lambda kind: kind.__name__)
def test_an_operation_cannot_change(kind: type) -> None:
    """What the gate has let through is what the storage executes."""
    parameters = kind.__dataclass_params__  # type: ignore[attr-defined] # every dataclass has them
    assert parameters.frozen
    assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)


def test_operations_are_compared_by_value() -> None:
    """So that plans can be cached by their shape."""
    first, second = (Select("people", where=And((A, Not(B))), ref=Ref("main")) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Select("people", where=Or((A, Not(B))))


def test_operations_travel_between_processes() -> None:
    """A pickled operation is the same operation."""
    batch = Batch((Insert.of("people", [{"name": "Ada"}]), Select("people"), Delete("people", A)))
    assert batch == pickle.loads(pickle.dumps(batch))


def test_operations_are_about_the_newest_state_of_main() -> None:
    """Unless a ref is given."""
    assert [Ref("main", None)] * 4 == [
        HEAD,
        Select("people").ref,
        Update("people", {}).ref,
        Batch(()).ref,
    ]


def test_a_literal_is_text_that_wants_a_type() -> None:
    """It is a str, but can be told apart."""
    literal = Literal("5")
    assert "5" == literal
    assert isinstance(literal, Literal)
    assert not isinstance("5", Literal)


def test_missing_says_its_name() -> None:
    """In a printed operation it is recognised."""
    assert "MISSING" == repr(MISSING)
    assert isinstance(MISSING, Missing)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [((), None), ((None, None), None), ((A,), A), ((None, A), A), ((A, None, B), And((A, B)))],
)
def test_conditions_are_joined_without_the_absent(filters: tuple[Comparison | None, ...], expected: object) -> None:
    """One condition stays itself, none is None."""
    assert expected == and_all(*filters)


def test_an_insert_of_equal_rows_keeps_their_columns() -> None:
    """Columns come in the order of the first row."""
    insert = Insert.of("people", [{"name": "Ada", "age": 36}, {"name": "Bob", "age": None}])
    assert ("name", "age") == insert.columns
    assert [("Ada", 36), ("Bob", None)] == insert.rows


def test_an_insert_of_unequal_rows_marks_what_is_missing() -> None:
    """NULL and not given are two things, and the order of keys in a row means nothing."""
    insert = Insert.of("people", [{"name": "Ada"}, {"age": None, "name": "Bob"}, {}])
    assert ("name", "age") == insert.columns
    assert [("Ada", MISSING), ("Bob", None), (MISSING, MISSING)] == insert.rows


def test_an_insert_of_rows_with_keys_in_another_order_keeps_values_at_their_columns() -> None:
    """Rows with the same keys may have them in any order."""
    insert = Insert.of("people", [{"name": "Ada", "age": 36}, {"age": 25, "name": "Bob"}])
    assert [("Ada", 36), ("Bob", 25)] == insert.rows


@given(rows=st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(), max_size=4), max_size=6))
def test_an_insert_holds_exactly_the_values_given(rows: list[dict[str, int]]) -> None:
    """Leaving out what is missing gives the rows back."""
    insert = Insert.of("people", rows)
    found = [
        {name: value for name, value in zip(insert.columns, row, strict=True) if value is not MISSING}
        for row in insert.rows
    ]
    assert rows == found


def test_operators_are_named_once() -> None:
    """The list is the filter language."""
    assert len(set(ALL_OPERATORS)) == len(ALL_OPERATORS)
