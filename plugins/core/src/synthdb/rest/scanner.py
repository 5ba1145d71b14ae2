"""A position in a text that is being read, and errors that name it."""

import re
from typing import NoReturn

from synthdb_host.errors import BadRequest

__all__ = ["Scanner"]

# An unquoted name ends at a reserved character or at the arrow of a JSON path.
_NAME = re.compile(r'(?:[^",.:()!{}*\\-]|-(?!>))+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SHOWN = 20


class Scanner:
    """Reads a text from left to right.

    Args:
        text: what is read.
        where: the name of the input, for errors, such as ``query parameter 'select'``.
        error: the error that bad input raises.
    """

    __slots__ = ("error", "position", "text", "where")

    def __init__(self, text: str, where: str, error: type[BadRequest]) -> None:
        self.text = text
        self.where = where
        self.error = error
        self.position = 0

    @property
    def done(self) -> bool:
        """Whether the end has been reached."""
        return self.position >= len(self.text)

    def at(self, token: str) -> bool:
        """Say whether the token is next."""
        return self.text.startswith(token, self.position)

    def take(self, token: str) -> bool:
        """Step over the token if it is next, and say whether it was."""
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        """Step over the token, which must be next."""
        if not self.take(token):
            self.fail(f"{token!r}")

    def spaces(self) -> None:
        """Step over spaces."""
        while self.take(" "):
            pass

    def match(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        """Step over what the pattern matches here, which must be something."""
        found = pattern.match(self.text, self.position)
        if found is None:
            self.fail(expected)
        self.position = found.end()
        return found

    def quoted(self) -> str | None:
        """Read a text in double quotes, in which a backslash escapes the next character, if it is next."""
        if not self.at('"'):
            return None
        return _ESCAPE.sub(r"\1", self.match(_QUOTED, "a closing quote")[1])

    def name(self, expected: str = "a name") -> str:
        """Read a name: anything in double quotes, or a run without reserved characters, trimmed."""
        self.spaces()
        quoted = self.quoted()
        if quoted is not None:
            self.spaces()
            return quoted
        start = self.position
        name = self.match(_NAME, expected)[0].strip()
        if not name:
            self.position = start
            self.fail(expected)
        return name

    def end(self) -> None:
        """Require that nothing is left."""
        self.spaces()
        if not self.done:
            self.fail("the end")

    def fail(self, expected: str, hint: str | None = None) -> NoReturn:
        """Raise the error, saying what was expected and what is there instead."""
        rest = self.text[self.position : self.position + _SHOWN]
        found = f"{rest!r}" if rest else "the end"
        detail = f"Expected {expected} at character {self.position + 1}, found {found}."
        raise self.error(detail, hint=hint, where=self.where, data={"position": self.position + 1})
