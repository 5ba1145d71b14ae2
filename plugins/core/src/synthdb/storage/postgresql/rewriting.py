"""The engine's statements as PostgreSQL takes them.

The engine writes one SQL, that of SQLite, and only a small part of it. What PostgreSQL reads otherwise is rewritten
here, token by token, once per text: each rule is a step that takes tokens and gives tokens. Users' SQL never comes
this way. Values are bound as they are, but for a few that stand for something else there: lists that SQLite takes as
JSON are arrays, and patterns are written differently.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from synthdb.storage.codecs import codec_of
from synthdb.storage.postgresql.bound import Converter, array, escaped_like, glob_to_like, hex_array, path_steps, reals
from synthdb.storage.postgresql.definitions import DEFINING, define, type_of
from synthdb.storage.postgresql.tokens import (
    Token,
    closing,
    is_call,
    operand_start,
    sql_of,
    tokens_of,
    word,
)
from synthdb_host.catalog import ColumnType

__all__ = ["Rewritten", "rewrite"]

_TRUTHS: Final = frozenset({"EARLY", "FORGOTTEN", "OPEN"})
"""Columns of the engine that SQLite takes for conditions as they are."""
_BEFORE_CONDITION: Final = frozenset({"WHERE", "AND", "OR", "NOT", "WHEN", "ON"})
_AFTER_CONDITION: Final = frozenset({"", "AND", "OR", ")", "THEN", "ORDER", "GROUP", "LIMIT", "ON", "UNION"})
_KEPT_IS: Final = frozenset({"NULL", "TRUE", "FALSE", "DISTINCT"})
_KEYS: Final = {"_record": "kind, key", "_answer": "principal, key"}
"""What ``INSERT OR REPLACE`` replaces by."""
_NUMBERED: Final = frozenset({"_TABLE", "_COLUMN", "_BRANCH", "_CONFLICT", "_BACKFILL"})
"""Tables of the engine whose ids the database gives."""
_NAMES: Final = {
    "SQLITE_MASTER": "synthdb_objects",
    "TEMP": "pg_temp",
    "INSTR": "strpos",
    "QUOTE": "quote_nullable",
    "ROWID": "_rowid",
}
_STORED: Final = {"INTEGER": "integer", "REAL": "real", "TEXT": "text", "BLOB": "bytes"}


@dataclass(slots=True)
class _Draft:
    """A statement while it is rewritten. ``converters`` are by the number of a place."""

    tokens: list[Token]
    converters: dict[int, Converter] = field(default_factory=dict)
    places: int = 0
    layout: int | None = None

    def text(self, at: int) -> str:
        """Give the text of a token, nothing beyond the ends."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def word(self, at: int) -> str:
        """Give the word of a token, nothing beyond the ends."""
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def put(self, start: int, end: int, *texts: str) -> None:
        """Put words and signs in the place of some tokens."""
        self.tokens[start:end] = [word(text) for text in texts]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A statement for PostgreSQL.

    ``converters`` are what is done to a value before it is bound, by place, None where nothing is. ``gives_id`` says
    that it answers with the id of the row that it inserts. ``layout`` is the layout version that must be the
    database's, else the statement finds nothing: what it is stands behind the columns of each row. ``row`` is where
    the one row of its VALUES lies in ``sql``.
    """

    sql: str
    converters: tuple[tuple[int, Converter], ...] = ()
    gives_id: bool = False
    layout: int | None = None
    row: tuple[int, int] | None = None

    def bound(self, values: Sequence[Any]) -> Sequence[Any]:
        """Give the values as they are bound."""
        if not self.converters:
            return values
        found = list(values)
        for place, convert in self.converters:
            if found[place] is not None:
                found[place] = convert(found[place])
        return found


@lru_cache(maxsize=4_096)
def rewrite(sql: str) -> Rewritten:
    """Rewrite a statement of the engine."""
    draft = _Draft(tokens_of(sql))
    _number_places(draft)
    first = draft.word(0)
    if first in DEFINING:
        draft.tokens = define(draft.tokens)
    for rule in _RULES:
        rule(draft)
    gives_id = first == "INSERT" and _gives_id(draft)
    written = sql_of(draft.tokens)
    converters = tuple((number - 1, convert) for number, convert in sorted(draft.converters.items()))
    return Rewritten(written, converters, gives_id, draft.layout, _row_of(draft, written))


def _number_places(draft: _Draft) -> None:
    """Number the places: one without a number is the next behind the highest."""
    highest = 0
    for at, token in enumerate(draft.tokens):
        if token.kind == "place":
            number = int(token.text[1:] or highest + 1)
            highest = max(highest, number)
            draft.tokens[at] = Token("place", f"${number}")
    draft.places = highest


def _convert(draft: _Draft, at: int, convert: Converter) -> None:
    token = draft.tokens[at]
    if token.kind == "place":
        draft.converters[int(token.text[1:])] = convert
    elif token.kind == "text":
        value = token.text[1:-1].replace("''", "'")
        draft.tokens[at] = Token("text", "'" + convert(value).replace("'", "''") + "'")


# -- rules -----------------------------------------------------------------------------------------------


def _lists(draft: _Draft) -> None:
    """``x IN (SELECT value FROM json_each(?))`` is ``x = ANY (?)`` of an array."""
    at = 0
    while at < len(draft.tokens):
        if draft.word(at) == "IN" and draft.text(at + 1) == "(" and draft.word(at + 2) == "SELECT":
            end = closing(draft.tokens, at + 1)
            inner = [token.word or token.text for token in draft.tokens[at + 3 : end]]
            if "JSON_EACH" in inner:
                _list(draft, at, end, inner)
        at += 1


def _list(draft: _Draft, at: int, end: int, inner: Sequence[str]) -> None:
    place = at + 3 + inner.index("JSON_EACH") + 2
    convert = reals if "SYNTHDB_REAL" in inner else hex_array if "SYNTHDB_UNHEX" in inner else array
    _convert(draft, place, convert)
    negated = draft.word(at - 1) == "NOT"
    start = at - 1 if negated else at
    tokens = [word("<>" if negated else "="), word("ALL" if negated else "ANY"), word("("), draft.tokens[place]]
    draft.tokens[start : end + 1] = [*tokens, word(")")]


def _comparing(draft: _Draft) -> None:
    """``IS`` compares with anything in SQLite."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.word(at) != "IS":
            continue
        negated = draft.word(at + 1) == "NOT"
        if draft.word(at + 2 if negated else at + 1) not in _KEPT_IS:
            words = ("IS", "DISTINCT", "FROM") if negated else ("IS", "NOT", "DISTINCT", "FROM")
            draft.put(at, at + 2 if negated else at + 1, *words)


def _planner(draft: _Draft) -> None:
    """Leave out what only tells SQLite's planner something."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.word(at) == "INDEXED" and draft.word(at + 1) == "BY":
            del draft.tokens[at : at + 3]
        elif draft.text(at) == "+" and (draft.word(at - 1) in _BEFORE_CONDITION or draft.text(at - 1) in "(,"):
            del draft.tokens[at]


def _conditions(draft: _Draft) -> None:
    """Make conditions of numbers and columns that stand for themselves."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        token, after = draft.tokens[at], draft.word(at + 1)
        if after not in _AFTER_CONDITION:
            continue
        if token.text == "1" and _is_condition(draft, at):
            draft.tokens[at] = word("TRUE")
        elif token.word in _TRUTHS:
            start = at - 2 if draft.text(at - 1) == "." else at
            if draft.word(start - 1) in _BEFORE_CONDITION:
                draft.tokens[at + 1 : at + 1] = [word("<>"), Token("number", "0")]


def _constants(draft: _Draft) -> None:
    """A condition is no number that could be compared with one."""
    for at in range(len(draft.tokens) - 7, -1, -1):
        texts = [token.text for token in draft.tokens[at : at + 7]]
        if texts[:3] == ["(", "1", "="] and texts[4:6] == [")", "="] and texts[3] in "01" and texts[6] in "01":
            draft.put(at, at + 7, "TRUE" if texts[3] == texts[6] else "FALSE")


def _is_condition(draft: _Draft, at: int) -> bool:
    before = at - 1
    while draft.text(before) == "(" and draft.text(at + 1) == ")":
        before -= 1
    if draft.word(before) not in _BEFORE_CONDITION:
        return False
    if draft.word(before) == "WHEN":
        return draft.word(before - 1) == "CASE"
    if draft.word(before) != "AND":
        return True
    # Not the end of BETWEEN.
    return "BETWEEN" not in [draft.word(place) for place in range(max(before - 4, 0), before)]


def _limits(draft: _Draft) -> None:
    """No limit is written as NULL; whether the layout is still the same is asked behind the statement."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.text(at) == "-" and draft.text(at + 1) == "1" and draft.word(at - 1) in ("LIMIT", "THEN"):
            draft.put(at, at + 2, "NULL")
        elif draft.word(at) == "LAYOUT" and draft.word(at - 2) == "(" and draft.word(at + 3) == ")":
            if draft.word(at - 1) == "SELECT" and draft.word(at + 4) == "=" and draft.word(at - 3) in ("WHEN", "("):
                draft.layout = int(draft.text(at + 5))
                draft.put(at - 2, at + 6, "TRUE")
        elif draft.word(at) == "LIMIT" and draft.tokens[at + 1].kind == "place":
            _convert(draft, at + 1, _limit)


def _layouts(draft: _Draft) -> None:
    """Let each row say what the layout version is."""
    if draft.layout is None:
        return
    depth = 0
    for at, token in enumerate(draft.tokens):
        depth += (token.text == "(") - (token.text == ")")
        if not depth and token.word in ("FROM", "LIMIT"):
            draft.tokens[at:at] = tokens_of(", (SELECT layout FROM _meta)")
            return


def _limit(value: int) -> int | None:
    return None if value < 0 else value


def _patterns(draft: _Draft) -> None:
    """``GLOB`` is LIKE with other signs; SQLite's own LIKE takes no notice of case."""
    for at in range(len(draft.tokens)):
        if draft.word(at) == "GLOB":
            draft.tokens[at] = word("LIKE")
            _convert(draft, at + 1, glob_to_like)
        elif draft.word(at) == "LIKE":
            draft.tokens[at] = word("ILIKE")
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.word(at) == "COLLATE" and draft.word(at + 1) == "NOCASE":
            draft.put(at, at + 2, "ESCAPE")
            draft.tokens.insert(at + 1, Token("text", "'\\'"))
            _convert(draft, at - 1, escaped_like)
            draft.tokens[at - 2] = word("ILIKE")


def _documents(draft: _Draft) -> None:
    """Paths into JSON are lists of steps."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.text(at) in ("->", "->>"):
            start = operand_start(draft.tokens, at - 1)
            _convert(draft, at + 1, path_steps)
            function = "synthdb_json_at" if draft.text(at) == "->" else "synthdb_json_text"
            operand, steps = draft.tokens[start:at], draft.tokens[at + 1]
            draft.tokens[start : at + 2] = [word(function), word("("), *operand, word(","), steps, word(")")]
    for at in range(len(draft.tokens) - 1, -1, -1):
        if is_call(draft.tokens, at, "JSON_TYPE", "JSON_EXTRACT"):
            _document_call(draft, at)


def _document_call(draft: _Draft, at: int) -> None:
    end = closing(draft.tokens, at + 1)
    kind = draft.word(at)
    if draft.text(end - 2) != ",":
        draft.tokens[end:end] = [word(","), Token("text", "'[]'")]
    elif kind == "JSON_EXTRACT" and draft.text(end - 1) == "'$'":
        draft.tokens[end - 2 : end] = []
        draft.tokens[at] = word("synthdb_json_key")
        return
    else:
        _convert(draft, end - 1, path_steps)
    draft.tokens[at] = word("synthdb_json_type" if kind == "JSON_TYPE" else "synthdb_json_value")


def _functions(draft: _Draft) -> None:
    """Name functions as PostgreSQL does; those that give any type are named by what they give."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if is_call(draft.tokens, at, "MAX", "MIN") and _has_comma(draft.tokens, at + 1):
            draft.tokens[at] = word("GREATEST" if draft.word(at) == "MAX" else "LEAST")
        elif is_call(draft.tokens, at, "SYNTHDB_CAST", "SYNTHDB_CONVERT"):
            target = draft.text(closing(draft.tokens, at + 1) - 1)[1:-1]
            stored = _STORED[codec_of(ColumnType.parse(target)).declared]
            draft.tokens[at] = word(f"{draft.text(at).lower()}_{stored}")
        elif draft.word(at) in _NAMES and (draft.word(at) != "TEMP" or draft.text(at + 1) == "."):
            draft.tokens[at] = word(_NAMES[draft.word(at)])


def _casts(draft: _Draft) -> None:
    """Name the types that are cast to; a text that was made sorts as one that was stored."""
    for at in range(len(draft.tokens) - 2, -1, -1):
        if draft.word(at) == "AS" and draft.text(at + 2) == ")" and (known := type_of(draft.word(at + 1))):
            kind, *collation = known.split(" COLLATE ")
            draft.tokens[at + 1 : at + 3] = tokens_of(" ".join([kind, ")", *(f"COLLATE {name}" for name in collation)]))


def _has_comma(tokens: Sequence[Token], opening: int) -> bool:
    depth = 0
    for token in tokens[opening : closing(tokens, opening)]:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 1:
            return True
    return False


def _subqueries(draft: _Draft) -> None:
    """Give a name to what is selected from, which PostgreSQL wants up to version 15."""
    for at in range(len(draft.tokens) - 1, -1, -1):
        if draft.word(at) in ("FROM", "JOIN") and draft.text(at + 1) == "(":
            end = closing(draft.tokens, at + 1)
            after = draft.tokens[end + 1] if end + 1 < len(draft.tokens) else word(";")
            named = after.kind == "name" or after.word == "AS" or (after.kind == "word" and after.text[0] == "_")
            if not named:
                draft.tokens[end + 1 : end + 1] = [word("AS"), word(f"_n{at}")]


def _inserts(draft: _Draft) -> None:
    """Say what happens to rows that are there."""
    if draft.word(0) != "INSERT" or draft.word(1) != "OR":
        return
    replaces = draft.word(2) == "REPLACE"
    del draft.tokens[1:3]
    if not replaces:
        draft.tokens += [word(text) for text in ("ON", "CONFLICT", "DO", "NOTHING")]
        return
    columns = [token.text for token in draft.tokens[4 : closing(draft.tokens, 3)] if token.kind == "word"]
    key = _KEYS[draft.text(2)]
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    draft.tokens += tokens_of(f"ON CONFLICT ({key}) DO UPDATE SET {sets}")


def _gives_id(draft: _Draft) -> bool:
    if draft.word(2) not in _NUMBERED or draft.text(3) != "(":
        return False
    named = {token.word for token in draft.tokens[4 : closing(draft.tokens, 3)]}
    if "ID" in named or "VALUES" not in {token.word for token in draft.tokens}:
        return False
    draft.tokens += tokens_of("RETURNING id")
    return True


def _row_of(draft: _Draft, written: str) -> tuple[int, int] | None:
    """Find the one row of VALUES, if nothing follows it, so that many rows can be written with one statement."""
    if draft.word(0) != "INSERT" or draft.text(len(draft.tokens) - 1) != ")" or draft.converters:
        return None
    values = [at for at, token in enumerate(draft.tokens) if token.word == "VALUES"]
    if len(values) != 1 or closing(draft.tokens, values[0] + 1) != len(draft.tokens) - 1:
        return None
    start = len(sql_of(draft.tokens[: values[0] + 1])) + 1
    return start, len(written)


_Rule = Callable[[_Draft], None]
_RULES: Final[tuple[_Rule, ...]] = (
    _planner,
    _lists,
    _comparing,
    _limits,
    _casts,
    _constants,
    _conditions,
    _patterns,
    _documents,
    _functions,
    _subqueries,
    _inserts,
    _layouts,
)
