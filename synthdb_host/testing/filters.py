"""Conformance: conditions mean the same everywhere."""

from typing import Any, Final

import pytest

from synthdb_host.operations import (
    And,
    ColumnRef,
    Comparison,
    EmbedExists,
    Filter,
    Literal,
    Not,
    Or,
    Output,
    Select,
)
from synthdb_host.testing.session import Session, where

__all__ = ["FilterTests"]

_PEOPLE: Final = (
    {"name": "Ada", "age": 36, "city": "London", "active": True},
    {"name": "bob", "age": None, "city": "Paris", "active": False},
    {"name": "Cléo", "age": 25, "city": None, "active": None},
    {"name": "100%_\\", "age": 36, "city": "new york", "active": True},
)

_OPERATORS: Final[tuple[tuple[str, str, Any, list[int]], ...]] = (
    ("age", "eq", 36, [1, 4]),
    ("age", "neq", 36, [3]),
    ("age", "gt", 25, [1, 4]),
    ("age", "gte", 25, [1, 3, 4]),
    ("age", "lt", 36, [3]),
    ("age", "lte", 36, [1, 3, 4]),
    ("age", "eq", Literal("36"), [1, 4]),
    ("age", "eq", None, []),
    ("age", "neq", None, []),
    ("age", "in", [25, 36], [1, 3, 4]),
    ("age", "in", [], []),
    ("age", "in", [25, None], [3]),
    ("age", "in", [Literal("25")], [3]),
    ("age", "is", None, [2]),
    ("age", "is", "not_null", [1, 3, 4]),
    ("active", "is", True, [1, 4]),
    ("active", "is", False, [2]),
    ("active", "is", "unknown", [3]),
    ("active", "eq", True, [1, 4]),
    ("active", "eq", Literal("false"), [2]),
    ("age", "isdistinct", 36, [2, 3]),
    ("age", "isdistinct", None, [1, 3, 4]),
    ("name", "eq", "ada", []),
    ("name", "gt", "Z", [2]),
    ("name", "like", "A%", [1]),
    ("name", "like", "a%", []),
    ("name", "like", "_d_", [1]),
    ("name", "like", "%", [1, 2, 3, 4]),
    ("name", "like", "100\\%%", [4]),
    ("name", "like", "%\\\\", [4]),
    ("name", "like", "%\\_%", [4]),
    ("name", "like", "Ada.", []),
    ("name", "ilike", "ADA", [1]),
    ("name", "ilike", "BO_", [2]),
    ("name", "ilike", "CLÉO", []),
    ("name", "ilike", "clé%", [3]),
    ("name", "match", "^A.a$", [1]),
    ("name", "match", "[0-9]{3}", [4]),
    ("name", "match", "^a", []),
    ("name", "imatch", "^a", [1]),
    ("city", "match", "o", [1, 4]),
    ("city", "like", "%", [1, 2, 4]),
)

_QUANTIFIED: Final[tuple[tuple[str, str, Any, Any, list[int]], ...]] = (
    ("age", "eq", [25, 36], "any", [1, 3, 4]),
    ("age", "gt", [20, 30], "all", [1, 4]),
    ("name", "like", ["A%", "%b"], "any", [1, 2]),
    ("name", "ilike", ["%A", "a%"], "all", [1]),
    ("age", "eq", [], "any", []),
    ("age", "eq", [], "all", [1, 2, 3, 4]),
)

_YES: Final = Comparison(ColumnRef("id"), "gt", 0)
_NO: Final = Comparison(ColumnRef("id"), "lt", 0)
_UNKNOWN: Final = Comparison(ColumnRef("nothing"), "eq", 1)

_LOGIC: Final[tuple[tuple[Filter, bool], ...]] = (
    (And(()), True),
    (Or(()), False),
    (Not(And(())), False),
    (Not(Or(())), True),
    (_UNKNOWN, False),
    (Not(_UNKNOWN), False),
    (Not(Not(_UNKNOWN)), False),
    (And((_YES, _UNKNOWN)), False),
    (And((_NO, _UNKNOWN)), False),
    (Not(And((_NO, _UNKNOWN))), True),
    (Not(And((_YES, _UNKNOWN))), False),
    (Or((_YES, _UNKNOWN)), True),
    (Or((_NO, _UNKNOWN)), False),
    (Not(Or((_NO, _UNKNOWN))), False),
    (Not(Or((_NO, _NO))), True),
    (Not(Comparison(ColumnRef("nothing"), "in", [1])), False),
    (Not(Comparison(ColumnRef("nothing"), "in", [0.5])), False),
    (Not(Comparison(ColumnRef("id"), "in", [0.5])), True),
    (Not(Comparison(ColumnRef("id"), "in", [7, None])), False),
    (Not(Comparison(ColumnRef("nothing"), "is", None)), False),
    (Not(Comparison(ColumnRef("nothing"), "isdistinct", None)), True),
)

_DOCUMENTS: Final = (
    {"doc": {"name": "x", "size": 5, "tags": ["a", "b"], "in": {"deep": [10, {"k": "v"}]}}},
    {"doc": {"name": "y", "size": 15, "tags": ["b", "c"], "in": None}},
    {"doc": ["a", 1]},
    {"doc": None},
)

_PATHS: Final[tuple[tuple[ColumnRef, str, Any, list[int]], ...]] = (
    (ColumnRef("doc", ("name",), as_text=True), "eq", "x", [1]),
    (ColumnRef("doc", ("size",), as_text=True), "eq", "5", [1]),
    (ColumnRef("doc", ("size",), as_text=True, cast="integer"), "gt", 9, [2]),
    (ColumnRef("doc", ("size",)), "eq", Literal("15"), [2]),
    (ColumnRef("doc", ("in", "deep", 0), as_text=True), "eq", "10", [1]),
    (ColumnRef("doc", ("in", "deep", 1, "k"), as_text=True), "eq", "v", [1]),
    (ColumnRef("doc", ("in", "nowhere"), as_text=True), "is", None, [1, 2, 3, 4]),
    (ColumnRef("doc", (0,), as_text=True), "eq", "a", [3]),
    (ColumnRef("doc", ("tags",)), "cs", Literal('["b"]'), [1, 2]),
    (ColumnRef("doc", ("tags",)), "cs", ["c", "b"], [2]),
    (ColumnRef("doc", ("tags",)), "cd", ["a", "b", "z"], [1]),
    (ColumnRef("doc", ("tags",)), "ov", ["a", "z"], [1]),
    (ColumnRef("doc"), "cs", {"name": "x"}, [1]),
    (ColumnRef("doc"), "cs", {"in": {"deep": [{"k": "v"}]}}, [1]),
    (ColumnRef("doc"), "cs", {"name": "z"}, []),
    (ColumnRef("doc"), "eq", ["a", 1], [3]),
    (ColumnRef("doc"), "is", None, [4]),
)

_WRONG: Final[tuple[tuple[Filter, tuple[str, ...]], ...]] = (
    (where("nowhere", "eq", 1), ("unknown_column",)),
    (where("age", "zz", 1), ("unknown_operator",)),
    (where("age", "eq", "old"), ("invalid_filter",)),
    (where("age", "eq", [1]), ("invalid_filter",)),
    (where("age", "eq", True), ("invalid_filter",)),
    (where("age", "in", "12"), ("invalid_filter",)),
    (where("age", "is", "old"), ("invalid_filter",)),
    (where("active", "eq", Literal("perhaps")), ("invalid_filter",)),
    (where("name", "match", "("), ("invalid_filter",)),
    (where("name", "cs", "x"), ("unknown_operator", "invalid_filter")),
    (EmbedExists("nowhere"), ("unknown_relation",)),
    (Not(Or((And((where("nowhere", "eq", 1),)),))), ("unknown_column",)),
)


class FilterTests:
    """Operators, SQL's logic of unknown, quantifiers, JSON paths."""

    @pytest.mark.parametrize(("name", "operator", "value", "expected"), _OPERATORS)
    def test_an_operator_selects_its_rows(
        self, session: Session, name: str, operator: str, value: Any, expected: list[int]
    ) -> None:
        """Each operator means what it means in SQL; NULL matches only where it is asked for."""
        session.insert("people", *_PEOPLE)
        assert expected == session.values("people", "id", where(name, operator, value))

    @pytest.mark.parametrize(("name", "operator", "value", "expected"), _OPERATORS)
    def test_a_negated_operator_selects_the_other_rows_of_which_it_is_known(
        self, session: Session, name: str, operator: str, value: Any, expected: list[int]
    ) -> None:
        """Neither selects rows of which it is unknown; ``is`` and ``isdistinct`` are always known."""
        session.insert("people", *_PEOPLE)
        known = session.values("people", "id", where(name, "is", "not_null"))
        if operator in ("is", "isdistinct"):
            known = session.values("people", "id")
        elif value is None or (operator == "in" and None in value):
            known = expected
        elif operator == "in" and not value:
            known = session.values("people", "id")
        assert sorted(set(known) - set(expected)) == session.values("people", "id", Not(where(name, operator, value)))

    @pytest.mark.parametrize(("name", "operator", "value", "quantifier", "expected"), _QUANTIFIED)
    def test_a_quantifier_asks_for_any_or_all_of_several_values(
        self, session: Session, name: str, operator: str, value: Any, quantifier: Any, expected: list[int]
    ) -> None:
        """``any`` is a chain of OR, ``all`` one of AND."""
        session.insert("people", *_PEOPLE)
        assert expected == session.values("people", "id", where(name, operator, value, quantifier=quantifier))

    @pytest.mark.parametrize(("condition", "expected"), _LOGIC)
    def test_conditions_follow_three_valued_logic(self, session: Session, condition: Filter, expected: object) -> None:
        """Unknown stays unknown under NOT, and only what is true selects."""
        session.insert("things", {"nothing": 5})
        session.update("things", {"nothing": None}, every_row=True)
        assert expected == bool(session.rows("things", where=condition))

    @pytest.mark.parametrize(("reference", "operator", "value", "expected"), _PATHS)
    def test_a_path_leads_into_json(
        self, session: Session, reference: ColumnRef, operator: str, value: Any, expected: list[int]
    ) -> None:
        """Keys and indexes lead into documents; a step to nowhere gives NULL."""
        session.insert("documents", *_DOCUMENTS)
        condition = Comparison(reference, operator, value)
        assert expected == session.values("documents", "id", condition)

    def test_a_selected_path_is_json_or_text(self, session: Session) -> None:
        """``->`` keeps JSON, ``->>`` gives text, a cast gives the type."""
        session.insert("documents", *_DOCUMENTS[:2])
        references = {
            "json": ColumnRef("doc", ("size",)),
            "text": ColumnRef("doc", ("size",), as_text=True),
            "number": ColumnRef("doc", ("size",), as_text=True, cast="integer"),
            "tags": ColumnRef("doc", ("tags",)),
        }
        outputs = tuple(Output(reference, name) for name, reference in references.items())
        result = session.execute(Select("documents", outputs, limit=1))
        assert b'[{"json":5,"text":"5","number":5,"tags":["a","b"]}]' == result.json()

    @pytest.mark.parametrize(("condition", "codes"), _WRONG)
    def test_a_condition_that_makes_no_sense_is_refused(
        self, session: Session, condition: Filter, codes: tuple[str, ...]
    ) -> None:
        """It is refused before any row is looked at, so an empty table refuses it too."""
        session.insert("people", *_PEOPLE)
        with session.refused(*codes):
            session.rows("people", where=condition)
        session.delete("people", every_row=True)
        with session.refused(*codes):
            session.rows("people", where=condition)

    def test_hostile_text_is_only_text(self, session: Session) -> None:
        """A value can never become part of a statement."""
        hostile = "x' OR '1'='1'; DROP TABLE people; --"
        session.insert("people", {"name": hostile}, {"name": "y"})
        assert [1] == session.values("people", "id", where("name", "eq", hostile))
        assert [1] == session.values("people", "id", where("name", "like", hostile))
        assert [2] == session.values("people", "id", where("name", "neq", hostile))
        assert [1] == session.values("people", "id", where("name", "in", [hostile]))
