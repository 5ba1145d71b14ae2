"""The right-hand sides of conditions: values, lists and arrays."""

import re

import msgspec

from synthdb.rest.scanner import Scanner
from synthdb_host.errors import TooComplex
from synthdb_host.operations import Literal

__all__ = ["json_operand", "scan_array", "scan_list", "scan_value", "truth"]

_PLAIN = re.compile(r"[^,)]*")
_RANGE = re.compile(r"[\[(][^,()\[\]]*,[^,()\[\]]*[\])]")
_ELEMENT = {"(": re.compile(r"[^,)]*"), "{": re.compile(r'[^,}{"]*')}
_CLOSING = {"(": ")", "{": "}"}
_OPENING, _ENDING = "{[", "}]"
_TRUTHS: dict[str, object] = {
    "null": None,
    "true": True,
    "false": False,
    "unknown": "unknown",
    "not_null": "not_null",
}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")


def truth(scanner: Scanner, text: str) -> object:
    """Give what the text after ``is.``, which was just read, means: None, a truth, or one of two words."""
    word = text.lower()
    if word not in _TRUTHS:
        scanner.position -= len(text)
        scanner.fail("null, not_null, true, false or unknown")
    return _TRUTHS[word]


def scan_list(scanner: Scanner, most: int) -> tuple[Literal, ...]:
    """Read ``(a,"b,c")``; an element that holds a reserved character is quoted."""
    rest = scanner.text[scanner.position :]
    if rest.startswith("(") and '"' not in rest and rest.find(")") == len(rest) - 1 > 1:
        scanner.position = len(scanner.text)
        return _limited(tuple(map(Literal, rest[1:-1].split(","))), scanner, most)
    return _limited(_elements(scanner, "("), scanner, most)


def scan_array(scanner: Scanner, most: int) -> tuple[Literal, ...]:
    """Read ``{a,"b,c"}``."""
    return _limited(_elements(scanner, "{"), scanner, most)


def _elements(scanner: Scanner, opening: str) -> tuple[Literal, ...]:
    closing = _CLOSING[opening]
    scanner.expect(opening)
    if scanner.take(closing):
        return ()
    found: list[Literal] = []
    while True:
        quoted = scanner.quoted()
        found.append(Literal(scanner.match(_ELEMENT[opening], "a value")[0] if quoted is None else quoted))
        if scanner.take(closing):
            return tuple(found)
        if not scanner.take(","):
            scanner.fail(f"',' or {closing!r}")


def _limited(found: tuple[Literal, ...], scanner: Scanner, most: int) -> tuple[Literal, ...]:
    if len(found) > most:
        raise TooComplex(f"A list has {len(found)} values; it may have {most}.", where=scanner.where)
    return found


def scan_value(scanner: Scanner) -> str:
    """Read one value inside a group: quoted, in braces or brackets, or up to a comma or parenthesis."""
    quoted = scanner.quoted()
    if quoted is not None:
        if not (scanner.done or scanner.at(",") or scanner.at(")")):
            scanner.fail("',' or ')'")
        return quoted
    found = _RANGE.match(scanner.text, scanner.position)
    if found is not None:
        scanner.position = found.end()
        return found[0]
    if scanner.at("{") or scanner.at("["):
        return _balanced(scanner)
    return scanner.match(_PLAIN, "a value")[0]


def _balanced(scanner: Scanner) -> str:
    start, depth = scanner.position, 0
    while depth > 0 or scanner.position == start:
        if scanner.done:
            scanner.fail("a closing bracket")
        if scanner.quoted() is None:
            character = scanner.text[scanner.position]
            scanner.position += 1
            depth += (character in _OPENING) - (character in _ENDING)
    return scanner.text[start : scanner.position]


def json_operand(text: str, scanner: Scanner, most: int) -> Literal:
    """Give the JSON of the operand of ``cs``, ``cd`` or ``ov``, which may be an array literal ``{a,b}``."""
    if not text.startswith("{") or _is_json(text):
        return Literal(text)
    inner = Scanner(text, scanner.where, scanner.error)
    values = scan_array(inner, most)
    inner.end()
    return Literal(
        "[" + ",".join(v if _NUMBER.fullmatch(v) else msgspec.json.encode(str(v)).decode() for v in values) + "]"
    )


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True
