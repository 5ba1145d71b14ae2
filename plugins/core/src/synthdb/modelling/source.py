"""Models as the source of a module, which needs pydantic and nothing else."""

import inspect
from collections.abc import Sequence

from synthdb.modelling.base import NewRow, Row
from synthdb.modelling.kinds import annotation_text, literal_text
from synthdb.modelling.shapes import FieldShape, ModelShape

__all__ = ["module_text"]

_HEAD = '"""Rows of a SynthDB database, made by `synthdb models generate`; make them again when tables have changed."""'
_MODULES = ("datetime", "decimal", "uuid")
_BASE = {"BaseModel", "ConfigDict"}


def module_text(shapes: Sequence[ModelShape]) -> str:
    """Write a module with a class for each shape; the same shapes give the same bytes."""
    bodies = [_class(shape) for shape in shapes]
    text = "\n\n\n".join([inspect.getsource(Row).rstrip(), inspect.getsource(NewRow).rstrip(), *bodies])
    names = sorted(["NewRow", "Row", *(shape.name for shape in shapes)])
    exported = "".join(f'    "{name}",\n' for name in names)
    modules = "".join(f"import {name}\n" for name in _MODULES if f"{name}." in text)
    typing = ", ".join(name for name in ("Annotated", "Any") if name == "Any" or f"{name}[" in text)
    pydantic = ", ".join(sorted(_BASE | {name for name in ("Field", "JsonValue") if name in text}))
    imports = f"{modules}from typing import {typing}\n\nfrom pydantic import {pydantic}\n"
    return f"{_HEAD}\n\n{imports}\n__all__ = [\n{exported}]\n\n\n{text}\n"


def _class(shape: ModelShape) -> str:
    base = "NewRow" if shape.kind in ("insert", "parameters") else "Row"
    lines = [f"class {shape.name}({base}):", f'    """{_escaped(shape.comment)}"""', ""]
    return "\n".join([*lines, *map(_field, shape.fields)]).rstrip()


def _field(item: FieldShape) -> str:
    default = literal_text(item.default) if item.optional else ""
    facts = []
    if item.column != item.name:
        name = literal_text(item.column)
        facts += [f"validation_alias={name}", f"serialization_alias={name}"]
    if item.comment:
        facts.append(f"description={literal_text(item.comment)}")
    given = [f"default={default}", *facts] if default else facts
    value = f"Field({', '.join(given)})" if facts else default
    return f"    {item.name}: {annotation_text(item)}{f' = {value}' if value else ''}"


def _escaped(text: str) -> str:
    """Write a line of text into a docstring, without anything that ends it."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
