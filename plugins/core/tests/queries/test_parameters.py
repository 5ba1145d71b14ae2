"""Parameters of saved queries: found in the statement, typed, bound."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from synthdb.queries.parameters import ParameterSpec, QueryParameter, bound, named_parameters, numbered
from synthdb_host.errors import InvalidParameter, InvalidValue
from synthdb_host.operations import Literal


def test_parameters_are_found_only_where_sql_has_them() -> None:
    """A colon in a text, a quoted name or a comment is no parameter."""
    sql = """SELECT ':a', ":b", `:c`, [:d], :e, /* :f */ x'00', day::date -- :g
        , :h_1 || 'it''s :i' || :e"""

    assert ["e", "h_1"] == named_parameters(sql)
    assert sql.replace(":e", "?1").replace(":h_1", "?2") == numbered(sql)


@pytest.mark.parametrize("sql", ("SELECT ?", "SELECT ?1", "SELECT @a", "SELECT $a"))
def test_parameters_have_names(sql: str) -> None:
    """What has none could not be described."""
    with pytest.raises(InvalidParameter):
        named_parameters(sql)


@pytest.mark.parametrize(
    ("spec", "kind", "required", "default"),
    (
        ("int", "integer", True, None),
        ({"type": "date", "default": "2020-01-31"}, "date", False, date(2020, 1, 31)),
        ({"type": "text", "required": False}, "text", False, None),
        ({"type": "decimal(6,2)", "default": "1.50", "required": True}, "decimal(6,2)", True, Decimal("1.50")),
    ),
)
def test_a_parameter_is_described_shortly_or_at_length(
    spec: Any, kind: str, *, required: bool, default: object
) -> None:
    """Its description reads back as the same parameter."""
    parameter = QueryParameter.of("p", spec)

    assert (kind, required, default) == (str(parameter.type), parameter.required, parameter.default)
    described = {key: value for key, value in parameter.as_dict().items() if key != "name"}
    assert parameter == QueryParameter.of("p", described)


@pytest.mark.parametrize(
    ("spec", "error"),
    (
        ({"kind": "text"}, InvalidParameter),
        ({"type": "text", "size": 3}, InvalidParameter),
        (3, InvalidParameter),
        ("txt", InvalidValue),
        ({"type": "integer", "default": "x"}, InvalidValue),
    ),
)
def test_a_wrong_description_is_refused(spec: Any, error: type[Exception]) -> None:
    """When the query is saved, not when it is run."""
    with pytest.raises(error):
        QueryParameter.of("p", spec)


def test_values_are_given_in_the_types_and_the_order_of_the_statement() -> None:
    """Text from a URL or a command line is read as the parameter's type; JSON becomes text, as SQL sees it."""
    kinds: dict[str, ParameterSpec] = {
        "n": "integer",
        "at": "timestamp",
        "j": "json",
        "d": {"type": "decimal(4,1)", "default": "2.5"},
    }
    parameters = {name: QueryParameter.of(name, kind) for name, kind in kinds.items()}
    given = {"n": Literal("7"), "at": "2020-01-01T00:00:00Z", "j": {"b": 1, "a": [None]}}

    values = bound("SELECT :j, :n, :d, :n, :at", parameters, given)

    assert ('{"a":[null],"b":1}', 7, Decimal("2.5"), datetime(2020, 1, 1, tzinfo=UTC)) == values


@pytest.mark.parametrize(
    ("given", "error", "said"),
    (
        ({}, InvalidParameter, "needs the parameter 'n'"),
        ({"n": None}, InvalidParameter, "needs the parameter 'n'"),
        ({"n": 1, "m": 2}, InvalidParameter, "has no parameter 'm'"),
        ({"n": "one"}, InvalidValue, "not a value of type integer"),
        ({"n": 1.5}, InvalidValue, "does not fit"),
    ),
)
def test_values_that_do_not_fit_are_refused(given: dict[str, object], error: type[Exception], said: str) -> None:
    """The message names the parameter or says where it is wrong."""
    with pytest.raises(error, match=said):
        bound("SELECT :n", {"n": QueryParameter.of("n", "integer")}, given)
