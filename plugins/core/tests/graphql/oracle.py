"""What a query yields according to graphql-core's own executor, over rows as dictionaries."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    execute_sync,
    get_named_type,
)

from synthdb.graphql.bindings import (
    Aggregated,
    AggregatedColumn,
    AggregatePart,
    ColumnField,
    Comparing,
    ConnectionPart,
    Counting,
    GlobalId,
    Joining,
    RelatedAggregate,
    RelatedConnection,
    RelationField,
    RootField,
    binding,
)
from synthdb.graphql.tokens import token_of
from synthdb_host.catalog import Relation

Row = Mapping[str, Any]

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
    "in": lambda value, listed: value in listed,
}  # fmt: skip
_FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {"sum": sum, "min": min, "max": max}


class Oracle:
    """Answers by resolvers.

    Args:
        schema: the schema; its bindings say what a field stands for.
        rows: the rows of each table, in the order of their identity.
    """

    def __init__(self, schema: GraphQLSchema, rows: Mapping[str, Sequence[Row]]) -> None:
        self._schema = schema
        self._rows = rows

    def answer(self, document: DocumentNode, name: str | None, variables: Mapping[str, Any]) -> bytes:
        """Give the body of the response."""
        found = execute_sync(
            self._schema, document, variable_values=dict(variables), operation_name=name, field_resolver=self._resolve
        )
        body: dict[str, Any] = {"data": found.data}
        if found.errors:
            body["errors"] = [error.formatted for error in found.errors]
        return msgspec.json.encode(_exact(body))

    def _resolve(self, source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        bound = binding(info.parent_type.fields[info.field_name])
        types = info.parent_type.fields[info.field_name].args
        match bound:
            case ColumnField(column):
                return source[column.name]
            case RelationField(relation):
                found = self._related(relation, source)
                return self._listed(found, types, given) if relation.many else next(iter(found), None)
            case RootField("list", table):
                return self._listed(self._rows[table.name], types, given)
            case RootField("key", table):
                key = {binding(types[name]).column.name: value for name, value in given.items() if name != "at"}
                rows = [row for row in self._rows[table.name] if all(row[name] == key[name] for name in key)]
                return rows[0] if rows else None
            case RootField("aggregate", table):
                return self._chosen(self._rows[table.name], types, given)
            case RelatedAggregate(relation):
                return self._chosen(self._related(relation, source), types, given)
            case AggregatePart("nodes"):
                return self._listed(source, types, given)
        return self._connected(bound, source, types, given)

    def _connected(self, bound: Any, source: Any, types: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        match bound:
            case RootField(table=table):
                return self._page(self._rows[table.name], types, given)
            case RelatedConnection(relation):
                return self._page(self._related(relation, source), types, given)
            case GlobalId(table):
                return token_of(table.name, [source[name] for name in table.key])
            case ConnectionPart("node" | "pageInfo") | AggregatePart():
                return source
            case ConnectionPart(part):
                return source["rows" if part == "edges" else part]
        return _aggregated(bound, source, given)

    def _page(self, rows: Iterable[Row], types: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        first, last = given.get("first"), given.get("last")
        if (first is not None and last is not None) or min(first or 0, last or 0) < 0:
            raise _refused("first, last", {"code": "invalid_parameter"})
        found = self._listed(rows, types, given)
        shown = found[:first] if last is None else found[len(found) - min(last, len(found)) :]
        left = len(shown) < len(found)
        return {"rows": shown, "hasNextPage": left and last is None, "hasPreviousPage": left and last is not None}

    def _related(self, relation: Relation, row: Row) -> list[Row]:
        key = [row[name] for name in relation.local]
        if None in key:
            return []
        return [other for other in self._rows[relation.table] if [other[name] for name in relation.remote] == key]

    def _chosen(self, rows: Iterable[Row], types: Mapping[str, Any], given: Mapping[str, Any]) -> list[Row]:
        where = given.get("where")
        if where is None:
            return list(rows)
        type_ = get_named_type(types["where"].type)
        _check(type_, where)
        return [row for row in rows if self._holds(type_, where, row) is True]

    def _listed(self, rows: Iterable[Row], types: Mapping[str, Any], given: Mapping[str, Any]) -> list[Row]:
        if "where" in types:
            rows = self._chosen(rows, types, given)
        rows = list(rows)
        order = given.get("order_by") or []
        type_ = get_named_type(types["order_by"].type)
        items = [pair for entry in order for pair in entry.items() if pair[1] is not None]
        if items and _last(items[-1][1]).descending:
            # Ties are broken by the identity, in the direction of the last order.
            rows.reverse()
        for item in reversed(items):
            rows = self._sorted(type_, item, rows)
        limit, offset = given.get("limit"), given.get("offset") or 0
        for name, value in (("limit", limit or 0), ("offset", offset)):
            if value < 0:
                raise _refused(f"{name} is {value}, not a whole number of at least 0.", {"code": "invalid_parameter"})
        return rows[offset : None if limit is None else offset + limit]

    def _sorted(self, type_: Any, item: tuple[str, Any], rows: list[Row]) -> list[Row]:
        bound, chosen = binding(type_.fields[item[0]]), item[1]
        if isinstance(bound, RelationField):
            inner = get_named_type(type_.fields[item[0]].type)
            (name, chosen), *_ = chosen.items()
            column = binding(inner.fields[name]).column.name

            def value(row: Row) -> Any:
                return next((other[column] for other in self._related(bound.relation, row)), None)
        else:

            def value(row: Row) -> Any:
                return row[bound.column.name]

        first = chosen.descending if chosen.nulls is None else chosen.nulls == "first"

        def compare(left: Row, right: Row) -> int:
            a, b = value(left), value(right)
            if a is None or b is None:
                return 0 if a is b else (-1 if (a is None) == first else 1)
            ordered = int(a > b) - int(a < b)
            return -ordered if chosen.descending else ordered

        return sorted(rows, key=cmp_to_key(compare))

    def _holds(self, type_: Any, given: Mapping[str, Any], row: Row) -> bool | None:
        found = []
        for name, value in given.items():
            if value is None:
                continue
            field = type_.fields[name]
            inner = get_named_type(field.type)
            match binding(field):
                case Joining("not"):
                    found.append(_not(self._holds(inner, value, row)))
                case Joining("and"):
                    found.append(_all([self._holds(inner, item, row) for item in value]))
                case Joining("or"):
                    found.append(_not(_all([_not(self._holds(inner, item, row)) for item in value])))
                case RelationField(relation):
                    found.append(any(self._holds(inner, value, o) is True for o in self._related(relation, row)))
                case RelatedAggregate(relation):
                    found.append(self._counts(inner, value, self._related(relation, row)))
                case ColumnField(column):
                    found.append(_all([_compared(row[column.name], n, inner, v) for n, v in value.items()]))
        return _all(found)

    def _counts(self, type_: Any, given: Mapping[str, Any], rows: Sequence[Row]) -> bool | None:
        if given.get("count") is None:
            return True
        types = get_named_type(type_.fields["count"].type).fields
        where, predicate = given["count"].get("filter"), get_named_type(types["predicate"].type)
        chosen = rows if where is None else self._chosen(rows, {"where": types["filter"]}, {"where": where})
        return _all(
            [_compared(len(chosen), name, predicate, value) for name, value in given["count"]["predicate"].items()]
        )


def _last(chosen: Any) -> Any:
    return list(chosen.values())[-1] if isinstance(chosen, dict) else chosen


def _check(type_: GraphQLInputObjectType, given: Mapping[str, Any]) -> None:
    """Refuse null operands wherever they are, as a condition is read before any row."""
    for name, value in given.items():
        field = type_.fields[name]
        if isinstance(binding(field), Comparing):
            if value is None:
                hint = "Ask with _is_null, or leave the condition out."
                raise _refused(f"{name} is null.", {"code": "invalid_filter", "hint": hint})
        elif value is not None:
            for item in value if isinstance(value, list) else [value]:
                _check(get_named_type(field.type), item)


def _refused(message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(message, extensions=extensions)


def _compared(value: Any, name: str, type_: Any, operand: Any) -> bool | None:
    comparing: Comparing = binding(type_.fields[name])
    if comparing.operator == "is":
        return (value is None) is operand
    if value is None:
        return None
    found = bool(_OPERATORS[comparing.operator](value, operand))
    return not found if comparing.negated else found


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - a truth
    return None if value is None else not value


def _all(values: list[bool | None]) -> bool | None:
    return False if False in values else (None if None in values else True)


def _aggregated(bound: Any, rows: Any, given: Mapping[str, Any]) -> Any:
    match bound:
        case Counting():
            columns = given.get("columns") or []
            if len(columns) > 1:
                raise _refused("Rows are counted by one column at most.", {"code": "invalid_parameter"})
            if given.get("distinct"):
                return len(_different(rows, columns))
            return len([row for row in rows if all(row[name] is not None for name in columns)])
        case Aggregated():
            return rows
        case AggregatedColumn(function, column):
            values = [row[column.name] for row in rows if row[column.name] is not None]
            if not values:
                return None
            return _FUNCTIONS[function](values)
    raise NotImplementedError(bound)


def _different(rows: Sequence[Row], columns: Sequence[str]) -> set[Any]:
    if not columns:
        raise _refused("Different values are counted of a column.", {"code": "invalid_select"})
    found = [row[columns[0]] for row in rows if row[columns[0]] is not None]
    if any(isinstance(value, dict | list) for value in found):
        raise NotImplementedError
    return set(found)


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return msgspec.Raw(format(value, "f").encode()) if isinstance(value, Decimal) else value
