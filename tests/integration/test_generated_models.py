"""The modules that ``synthdb models generate`` writes, as a strict type checker sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

import synthdb
from synthdb import column

pytestmark = pytest.mark.slow

COLUMNS = {
    "sku": column("text", not_null=True), "qty": "integer", "price": column("decimal(8,2)", not_null=True, default=1),
    "weight": "real", "sold": column("boolean", default=False), "day": column("date", default="2020-01-31"),
    "at": column("timestamp", default="2020-01-31T00:00:00Z"), "tags": column("json", default={"a": [None]}),
    "code": column("uuid", default="6f9619ff-8b86-4011-b42d-00c04fc964ff"), "raw": column("bytes", default=b"x"),
    "first name": "text", "class": "text", "schema": "text", "int": "integer", "date": "date", "datetime": "timestamp",
    "decimal": "decimal(4,1)", "to_row": "text", "1st": "real", "model_config": "text", "Field": "text",
}  # fmt: skip
SQL = "SELECT sku, price, count(*) AS n FROM items WHERE price > :least AND sku LIKE :class"
PROGRAM = """
from models import Items, ItemsInsert, TopParameters, TopRow

new = ItemsInsert(sku="a", qty=None, first_name="A", class_="b")
price: str = Items(**new.to_row()).price
TopParameters()
total: float = TopRow(sku="a", price=None, n=1).n
"""


def test_a_program_is_checked_with_its_models(tmp_path: Path) -> None:
    """The module itself has nothing to complain about, and wrong uses of its classes are found."""
    with synthdb.connect(":memory:") as db:
        db.create_table("items", COLUMNS)
        db.queries.save("top", SQL, parameters={"least": "decimal(6,2)", "class": {"type": "text", "default": "%"}})
        (tmp_path / "models.py").write_text(db.models_source(), encoding="utf-8")
    (tmp_path / "use.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\ncache_dir = .cache\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "models.py", "use.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    wrong = [line.partition(": error:")[0] for line in done.stdout.splitlines() if ": error:" in line]
    assert ["use.py:5", "use.py:6", "use.py:7"] == wrong
