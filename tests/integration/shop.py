"""A database for tests of generated clients, made without a server: every type, hostile names, odd relations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import synthdb
from synthdb import column

__all__ = ["ODD", "make_shop", "make_tables"]

ODD: Final = 'Größe & "Maße"'
"""A table, and columns, whose names mean something else in every language or in an address."""

_ODD_COLUMNS: Final = {
    "first name": "text", "order": "integer", "class": "text", "type": "text", "a.b": "text", "日本": "text",
    "naïve": "integer",
    '"q"\\': "text", "constructor": "text", "not": "boolean", "count": "integer", "per%cent+&=": "text",
}  # fmt: skip


_TYPES: Final = {
    "text": "text", "integer": "integer", "real": "real", "decimal": "decimal(20,4)", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp", "uuid": "uuid", "json": "json", "bytes": "bytes",
}  # fmt: skip
_QUERIES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "staff": (
        "SELECT id, name, born, id + :more AS sum FROM people WHERE id >= :least AND name LIKE :like ORDER BY id",
        {"least": "integer", "like": {"type": "text", "default": "%"}, "more": {"type": "integer", "default": 0}},
    ),
    "every-type": (
        "SELECT " + ", ".join(f":{name}_ AS {name}" for name in _TYPES),
        {f"{name}_": {"type": kind, "required": False} for name, kind in _TYPES.items()},
    ),
    # Names that would be the same in a program, or mean something else there.
    "every_type": ("SELECT 1 AS one", {}),
    "class": ('SELECT :self AS self, :from AS "from"', {"self": "text", "from": "integer"}),
    "count": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows) SELECT i FROM n",
        {"rows": "integer"},
    ),
    "list": ('SELECT id, sku, price, "made", facts, photo FROM items ORDER BY id', {}),
}


def make_shop(file: Path) -> None:
    """Make the database in a file."""
    with synthdb.connect(file) as db:
        make_tables(db)
        db.insert(
            "people",
            [
                {"id": 1, "name": "Ada", "born": "1815-12-10", "boss_id": None},
                {"id": 2, "name": "Grace", "born": "1906-12-09", "boss_id": 1},
                {"id": 3, "name": "Zoë", "born": None, "boss_id": 1},
            ],
        )


def make_tables(db: synthdb.Connection) -> None:
    """Make the tables."""
    db.create_table(
        "people",
        {"id": "integer", "name": column("text", not_null=True), "born": "date", "boss_id": "integer"},
        key="id",
        comment='Who works here, "why" */ and\ufeff json.x\x00 \\',
    )
    db.create_table(
        "items",
        {
            "id": "integer", "sku": column("text", not_null=True), "price": column("decimal(20,4)", default="1.50"),
            "stock": "integer", "weight": "real", "sold": column("boolean", not_null=True, default=False),
            "made": "date", "seen_at": "timestamp", "code": "uuid", "facts": "json", "photo": "bytes",
            "maker_id": "integer", "buyer_id": "integer",
        },
        key="id",
    )  # fmt: skip
    db.create_table("parts", {"item_id": "integer", "number": "integer", "label": "text"}, key=("item_id", "number"))
    db.create_table(ODD, _ODD_COLUMNS)
    # Names that would be the same in a program.
    db.create_table("items row", {"x": "text"})
    db.create_table("items_row", {"x": "text"})
    db.add_unique("items", "sku", "items_sku")
    db.add_foreign_key("people", "boss_id", "people.id", name="people_boss")
    db.add_foreign_key("items", "maker_id", "people.id", name="items_maker")
    db.add_foreign_key("items", "buyer_id", "people.id", name="items_buyer")
    db.add_foreign_key("parts", "item_id", "items.id", name="parts_item")
    for name, (sql, parameters) in _QUERIES.items():
        db.queries.save(name, sql, parameters=parameters, description='Called by "clients" */ \\')
