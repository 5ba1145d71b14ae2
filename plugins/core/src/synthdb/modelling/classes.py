"""Models as classes, made while a program runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field, create_model

from synthdb.modelling.base import NewRow, Row
from synthdb.modelling.kinds import annotation_of
from synthdb.modelling.shapes import FieldShape, Kind, ModelShape

__all__ = ["Models", "classes_of"]


@dataclass(frozen=True)
class Models:
    """The classes for a database: ``rows`` and ``inserts`` by table, ``results`` and ``parameters`` by saved query."""

    rows: Mapping[str, type[Row]] = field(default_factory=dict)
    inserts: Mapping[str, type[NewRow]] = field(default_factory=dict)
    results: Mapping[str, type[Row]] = field(default_factory=dict)
    parameters: Mapping[str, type[NewRow]] = field(default_factory=dict)


def classes_of(shapes: Iterable[ModelShape]) -> Models:
    """Make the classes."""
    found: dict[Kind, dict[str, Any]] = {"row": {}, "insert": {}, "query": {}, "parameters": {}}
    for shape in shapes:
        base = NewRow if shape.kind in ("insert", "parameters") else Row
        found[shape.kind][shape.source] = _class(shape, base)
    return Models(found["row"], found["insert"], found["query"], found["parameters"])


def _class(shape: ModelShape, base: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {item.name: (annotation_of(item), _facts(item)) for item in shape.fields}
    return create_model(shape.name, __base__=base, __doc__=shape.comment, **fields)


def _facts(item: FieldShape) -> Any:  # noqa: ANN401 - what pydantic calls a field
    alias = item.column if item.column != item.name else None
    default = item.default if item.optional else ...
    return Field(default, validation_alias=alias, serialization_alias=alias, description=item.comment)
