"""Databases and operations of any kind, for hypothesis."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID
from zlib import crc32

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)
from hypothesis import strategies as st

from synthdb.graphql.bindings import Aggregated, AggregatePart, ConnectionPart, NodeField, binding
from synthdb_host.catalog import Column, ColumnType, ForeignKey
from synthdb_host.operations import CreateTable

Draw = st.DrawFn

T = TypeVar("T")

VALUES: Final[dict[str, list[Any]]] = {
    "text": ["", "a", "b", "é", 'q"\\', "\n"],
    "integer": [0, 1, 2, -3, 2**53 + 1],
    "real": [0.0, 0.5, -1.25, 1e300],
    "decimal(10,2)": [Decimal("0.00"), Decimal("1.50"), Decimal("-2.25")],
    "boolean": [True, False],
    "date": [date(2020, 1, 2), date(1999, 12, 31)],
    "timestamp": [datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)],
    "uuid": [UUID(int=1), UUID(int=2)],
    "json": [{"a": [1, None]}, [], "x"],
    "bytes": [b"", b"\x00\xff"],
}

SCALARS: Final[dict[str, list[Any]]] = {
    "String": ["a", "b", "é", 'q"\\'],
    "Int": [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, -1],
    "bigint": [0, 1, 2, "2", 2**53 + 1],
    "Float": [0.5, 1, -1.25],
    "numeric": [1.5, 1, "1.50"],
    "Boolean": [True, False],
    "date": ["2020-01-02"],
    "timestamptz": ["2020-01-02T03:04:05Z"],
    "uuid": [str(UUID(int=1))],
    "bytea": ["AP8="],
    "jsonb": [{"a": 1}],
}
WRONG: Final[list[Any]] = [None, "x", 1.5, True, [], {}, 2**70]


@dataclass(frozen=True)
class Database:
    """Tables and their rows."""

    tables: tuple[CreateTable, ...]
    rows: dict[str, list[dict[str, Any]]]


@st.composite
def databases(draw: Draw) -> Database:
    """Draw up to three tables with columns of any type, which refer to each other and to themselves."""
    tables: list[CreateTable] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    names = [f"t{number}" for number in range(draw(st.integers(1, 3)))]
    for name in names:
        types = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
        columns = [Column("id", ColumnType("integer"))]
        columns += [
            Column(f"c{place}", ColumnType.parse(kind), not_null=draw(st.booleans()))
            for place, kind in enumerate(types)
        ]
        targets = draw(st.lists(st.sampled_from([*rows, name]), max_size=2))
        columns += [Column(f"r{place}", ColumnType("integer")) for place in range(len(targets))]
        keys = tuple(
            ForeignKey(f"{name}_r{place}", (f"r{place}",), target, ("id",)) for place, target in enumerate(targets)
        )
        tables.append(CreateTable(name, tuple(columns), key=("id",), foreign_keys=keys))
        rows[name] = []
        for number in range(draw(st.integers(0, 4))):
            row: dict[str, Any] = {"id": number}
            for place, kind in enumerate(types):
                nullable = not columns[place + 1].not_null
                row[f"c{place}"] = draw(st.sampled_from([*VALUES[kind], *([None] if nullable else [])]))
            for place, target in enumerate(targets):
                known = [other["id"] for other in rows[target]]
                row[f"r{place}"] = draw(st.sampled_from([None, *known]))
            rows[name].append(row)
    return Database(tuple(tables), rows)


@dataclass
class Variable:
    """A variable of an operation: its definition, and the value that is sent, if one is."""

    definition: str
    sent: tuple[Any, ...]


@dataclass
class Generator:
    """Writes one operation; drawing each choice by itself would take most of the time."""

    random: Random
    schema: GraphQLSchema
    variables: dict[str, Variable] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def chosen(self, items: Sequence[T]) -> T:
        """Choose one."""
        return self.random.choice(items)

    def chance(self, percent: int) -> bool:
        """Say yes as often as that."""
        return self.random.randrange(100) < percent

    def selection(self, parent: GraphQLObjectType, depth: int) -> str:
        """Write a selection set."""
        names = [name for name in parent.fields if self._fits(parent, name, depth)]
        parts: list[str] = []
        for _ in range(self.random.randint(1, 4)):
            name = self.chosen([*names, "__typename"])
            if name == "__typename":
                parts.append(self._directed("__typename"))
                continue
            parts += self._field(parent, name, depth)
        if depth > 0 and self.chance(15):
            body = self.selection(parent, depth - 1)
            parts.append(f"{self._directed('...' if self.chance(50) else f'... on {parent.name}')} {body}")
        if depth > 0 and self.chance(15):
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            self.fragments[int(name[1:])] = f"fragment {name} on {parent.name} {self.selection(parent, depth - 1)}"
            parts += [self._directed(f"...{name}")] * self.random.randint(1, 2)
        return "{ " + " ".join(parts) + " }"

    def _fits(self, parent: GraphQLObjectType, name: str, depth: int) -> bool:
        item = parent.fields[name]
        bound = binding(item)
        if isinstance(bound, AggregatePart) and bound.part == "groups":
            return False
        if isinstance(bound, Aggregated) and bound.function in ("sum", "avg"):
            return False
        if isinstance(bound, NodeField) or (isinstance(bound, ConnectionPart) and "ursor" in bound.part):
            # What they are is known to the server alone.
            return False
        return depth > 0 or not isinstance(_named(item.type), GraphQLObjectType)

    def _field(self, parent: GraphQLObjectType, name: str, depth: int) -> list[str]:
        item = parent.fields[name]
        arguments = self._arguments(item.args)
        alias = f"{self.chosen('ab')}_{name}_{crc32(arguments.encode()) % 1000}: " if arguments else ""
        if not arguments and self.chance(20):
            alias = f"x_{name}: "
        inner = _named(item.type)
        times = 2 if self.chance(20) else 1
        head = f"{alias}{name}{arguments}"
        if not isinstance(inner, GraphQLObjectType):
            return [self._directed(head)] * times
        return [f"{self._directed(head)} {self.selection(inner, depth - 1)}" for _ in range(times)]

    def _directed(self, text: str) -> str:
        if not self.chance(12):
            return text
        word = self.chosen(["skip", "include"])
        condition = self.chosen(["true", "false", "$"])
        if condition == "$":
            condition = self._variable(GraphQLNonNull(self.schema.type_map["Boolean"]), wrong=False)
        return f"{text} @{word}(if: {condition})"

    def _arguments(self, types: dict[str, Any]) -> str:
        given = []
        for name, argument in types.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if name in ("at", "after", "before") or not (required or self.chance(35)):
                continue
            if name == "distinct" and self._has_json(types["columns"].type):
                continue
            given.append(f"{name}: {self.value(argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def _has_json(self, columns: Any) -> bool:
        """Say whether there is a column whose different values nobody counts."""
        row = self.schema.type_map[_named(columns).name.removesuffix("_select_column")]
        assert isinstance(row, GraphQLObjectType)
        return any(_named(item.type).name == "jsonb" for item in row.fields.values())

    def value(self, type_: Any, depth: int = 2) -> str:
        """Write a value of an input type, or a variable that has one."""
        if self.chance(25):
            return self._variable(type_)
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, depth)
        return _literal(self._sent(type_, depth), _named(type_))

    def _variable(self, type_: Any, *, wrong: bool = True) -> str:
        name = f"v{len(self.variables)}"
        default = ""
        sent: tuple[Any, ...] = ()
        if self.chance(25):
            default = f" = {_literal(self._sent(type_, 1), _named(type_))}"
        if not default or self.chance(50):
            sent = (self._sent(type_, 2),)
        if wrong and self.chance(4):
            sent = (self.chosen(WRONG),)
        if not isinstance(type_, GraphQLNonNull) and self.chance(10):
            sent = ()
        elif not isinstance(type_, GraphQLNonNull) and self.chance(5):
            sent = (None,)
        self.variables[name] = Variable(f"${name}: {type_}{default}", sent)
        return f"${name}"

    def _sent(self, type_: Any, depth: int) -> Any:
        """Draw a value as JSON has it."""
        if isinstance(type_, GraphQLNonNull):
            return self._sent(type_.of_type, depth)
        if isinstance(type_, GraphQLList):
            if self.chance(15):
                return self._sent(type_.of_type, depth)
            return [self._sent(type_.of_type, depth) for _ in range(self.random.choice((0, 1, 1, 1, 1, 2)))]
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, depth)
        if isinstance(type_, GraphQLEnumType):
            return Enum(self.chosen(sorted(type_.values)))
        return self.chosen(SCALARS[type_.name])

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> Any:
        names = [
            name
            for name, item in type_.fields.items()
            if (
                depth > 0 or not isinstance(_named(item.type), GraphQLInputObjectType) or "comparison" in str(item.type)
            )
            and not any(word in name for word in ("like", "regex", "contain"))
            and not (str(item.type) in _UNSORTED and type_.name.endswith(("_order_by", "_bool_exp")))
            and not (type_.name.endswith("_order_by") and _is_json(item))
        ]
        if type_.name.endswith("_order_by"):
            names = [
                name for name in names if depth > 1 or not isinstance(type_.fields[name].type, GraphQLInputObjectType)
            ]
            name = self.chosen(names)
            return {name: self._sent(type_.fields[name].type, depth - 1)}
        chosen = self.random.sample(names, min(len(names), self.random.randint(0, 2)))
        chosen += [
            name for name, item in type_.fields.items() if isinstance(item.type, GraphQLNonNull) and name not in chosen
        ]
        return {name: self._sent(type_.fields[name].type, depth - 1) for name in chosen}


class Enum(str):
    """The name of an enumeration's value."""

    __slots__ = ()


_UNSORTED: Final = frozenset({"jsonb_comparison_exp", "bytea_comparison_exp"})


def _is_json(item: GraphQLInputField) -> bool:
    """Say whether rows would be sorted by JSON values, of which Python does not know the order."""
    column = getattr(binding(item), "column", None)
    return column is not None and column.type.name == "json"


def _named(type_: Any) -> Any:
    while isinstance(type_, GraphQLNonNull | GraphQLList):
        type_ = type_.of_type
    return type_


def _literal(value: Any, type_: Any) -> str:
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_literal(item, type_) for item in value)}]"
    if isinstance(value, dict):
        fields = type_.fields if isinstance(type_, GraphQLInputObjectType) else {}
        inner = {name: _named(fields[name].type) if name in fields else None for name in value}
        return "{" + ", ".join(f"{name}: {_literal(item, inner[name])}" for name, item in value.items()) + "}"
    return json.dumps(value)


def operation(seed: int, schema: GraphQLSchema) -> tuple[str, dict[str, Any]]:
    """Give the operation of a number, and the variables that are sent with it."""
    generator = Generator(Random(seed), schema)
    root = schema.query_type
    assert root is not None
    body = generator.selection(root, 3)
    definitions = ", ".join(variable.definition for variable in generator.variables.values())
    text = "\n".join([f"query{f'({definitions})' if definitions else ''} {body}", *generator.fragments])
    sent = {name: variable.sent[0] for name, variable in generator.variables.items() if variable.sent}
    return text, sent
