"""The code stays small: lines of code are lines that are not blank, not comment and not docstring."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
VOCABULARY: Final = frozenset(
    {
        "catalog",
        "changes",
        "contracts",
        "encoding",
        "errors",
        "expectations",
        "filters",
        "hookspecs",
        "inference",
        "merge_reports",
        "operations",
        "records",
        "values",
        "versions",
    }
)
VOCABULARY_LINES: Final = 2_415
MACHINERY_LINES: Final = 6_540
FILE_LINES: Final = 400
FUNCTION_LINES: Final = 60

FOLDERS: Final = ("synthdb_host", "plugins", "tests", "scripts", "benchmarks")
FILES: Final = tuple(
    sorted(
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )
)
NOT_CODE: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of_code(text: str) -> set[int]:
    """Return the numbers of the lines that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    spans = ((item.start[0], item.end[0]) for item in tokens if item.type not in NOT_CODE)
    code = {number for start, end in spans for number in range(start, end + 1)}
    return code - {number for start, end in _docstrings(ast.parse(text)) for number in range(start, end + 1)}


def _docstrings(tree: ast.AST) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node, clean=False):
            first = node.body[0]
            yield first.lineno, first.end_lineno or first.lineno


def functions(text: str) -> Iterator[Function]:
    """Yield every function of a module, methods and inner functions too."""
    yield from (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def test_blank_lines_comments_and_docstrings_are_not_code() -> None:
    """The measure counts what must be read to know what the program does."""
    text = '"""Doc."""\n\n# why\nx = 1\n\n\ndef f():\n    """Doc,\n\n    longer."""\n    return """a\nb"""\n'

    assert {4, 7, 11, 12} == lines_of_code(text)


def test_the_host_stays_small() -> None:
    """The words that host and plugins share, and the machinery that composes them, each fit into an afternoon."""
    files = [path for path in (ROOT / "synthdb_host").rglob("*.py") if "testing" not in path.parts]
    sizes = {path: len(lines_of_code(path.read_text(encoding="utf-8"))) for path in files}
    vocabulary = sum(size for path, size in sizes.items() if not VOCABULARY.isdisjoint((path.stem, path.parent.name)))

    assert vocabulary <= VOCABULARY_LINES
    assert sum(sizes.values()) - vocabulary <= MACHINERY_LINES


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_split_before_it_is_long(file: str) -> None:
    """No file is a god file."""
    text = (ROOT / file).read_text(encoding="utf-8")

    assert text.count("\n") <= FILE_LINES or len(lines_of_code(text)) <= FILE_LINES


@pytest.mark.parametrize("file", FILES)
def test_a_function_is_split_before_it_is_long(file: str) -> None:
    """Every function fits on one screen."""
    text = (ROOT / file).read_text(encoding="utf-8")
    spans = {item.name: range(item.lineno, (item.end_lineno or 0) + 1) for item in functions(text)}
    long = {name: span for name, span in spans.items() if len(span) > FUNCTION_LINES}
    code = lines_of_code(text) if long else set()

    assert [] == [name for name, span in long.items() if len(code & set(span)) > FUNCTION_LINES]
