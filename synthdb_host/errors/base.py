"""The root of the tree of errors, and what every refusal tells."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

__all__ = ["ConfigurationError", "JobStopped", "Postponed", "RequestError", "StartupError", "SynthDBError"]


class SynthDBError(Exception):
    """Anything SynthDB raises on purpose."""


class StartupError(SynthDBError):
    """The host cannot start; ``problems`` lists everything that was found wrong, not just the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"SynthDB cannot start, {len(self.problems)} problem(s):\n{lines}")


class ConfigurationError(SynthDBError):
    """A setting, a configuration file or a plugin manifest is wrong."""


class JobStopped(SynthDBError):
    """A background task must stop where it is: its job was cancelled or taken over, or this process is ending."""


class Postponed(SynthDBError):
    """A background task wants to go on after so many seconds; its job waits, and no attempt is lost."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class RequestError(SynthDBError):
    """An operation was refused.

    Args:
        detail: what was wrong, naming the thing.
        hint: what to do about it.
        where: the place in the input, such as ``query parameter 'age'`` or ``line 3, column 'price'``.
        data: machine-readable facts about this error, shown beside the code.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        where: str | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.where = where
        self.data = dict(data or {})
