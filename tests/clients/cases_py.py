"""Runs the cases of ``cases.jsonl`` with the unmodified ``postgrest`` package.

Usage: ``python cases_py.py BASE_URL``; prints one JSON line per case: ``{"name", "error"}``.
"""

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from postgrest import APIError, CountMethod, SyncPostgrestClient

__all__ = ["main"]


def _select(query: Any, columns: str, options: dict[str, Any] | None = None) -> Any:
    given = options or {}
    count = CountMethod(given["count"]) if "count" in given else None
    return query.select(columns, count=count, head=given.get("head", False))


def _upsert(query: Any, rows: Any, options: dict[str, Any] | None = None) -> Any:
    given = options or {}
    return query.upsert(
        rows, on_conflict=given.get("onConflict", ""), ignore_duplicates=given.get("ignoreDuplicates", False)
    )


def _order(query: Any, column: str, options: dict[str, Any] | None = None) -> Any:
    given = options or {}
    first = {"first": True, "last": False, None: None}[given.get("nulls")]
    return query.order(column, desc=given.get("desc", False), nullsfirst=first, foreign_table=given.get("of"))


_METHODS: dict[str, Callable[..., Any]] = {
    "select": _select,
    "upsert": _upsert,
    "order": _order,
    "returning": lambda query, columns: query.select(columns),
    "limit": lambda query, count, options=None: query.limit(count, foreign_table=(options or {}).get("of")),
    "in": lambda query, column, values: query.in_(column, values),
    "is": lambda query, column, value: query.is_(column, value),
    "or": lambda query, text: query.or_(text),
    "not": lambda query, column, operator, value: query.filter(column, f"not.{operator}", _text(value)),
    "likeAny": lambda query, column, patterns: query.like_any_of(column, ",".join(patterns)),
    "likeAll": lambda query, column, patterns: query.like_all_of(column, ",".join(patterns)),
    "ilikeAny": lambda query, column, patterns: query.ilike_any_of(column, ",".join(patterns)),
    "ilikeAll": lambda query, column, patterns: query.ilike_all_of(column, ",".join(patterns)),
    "maybeSingle": lambda query: query.maybe_single(),
}


def _text(value: object) -> str:
    """Write a value as filters have it."""
    return "null" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def _answered(client: Any, case: dict[str, Any]) -> Any:
    steps = case["do"]
    is_branch = steps[0][0] == "schema"
    query = (client.schema(steps[0][1]) if is_branch else client).from_(case["from"])
    for name, *arguments in steps[is_branch:]:
        method = _METHODS.get(name)
        query = method(query, *arguments) if method else getattr(query, name)(*arguments)
    return query.execute()


def _outcome(client: Any, case: dict[str, Any]) -> tuple[Any, str | None]:
    """Give the answer, and the code of the error."""
    try:
        return _answered(client, case), None
    except APIError as error:
        return None, error.code


def _check(client: Any, case: dict[str, Any]) -> None:
    answer, code = _outcome(client, case)
    assert case.get("error") == code, code
    data = getattr(answer, "data", answer)
    if "ids" in case:
        assert case["ids"] == [row["id"] for row in data], data
    if "data" in case:
        assert case["data"] == data, data
    if "count" in case:
        assert case["count"] == answer.count, answer.count


def main() -> None:
    """Run every case."""
    with SyncPostgrestClient(sys.argv[1]) as client:
        for line in Path(__file__).with_name("cases.jsonl").read_text("utf-8").splitlines():
            case, error = json.loads(line), None
            try:
                _check(client, case)
            except Exception:  # noqa: BLE001 - whatever went wrong is the answer
                error = traceback.format_exc()
            print(json.dumps({"name": case["name"], "error": error}))


if __name__ == "__main__":
    main()
