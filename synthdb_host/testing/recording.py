"""A plugin that counts which hooks fire."""

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from synthdb_host.hookspecs import HostSpecs, hookimpl
from synthdb_host.manifest import Manifest

__all__ = ["HookRecorder", "record_hooks"]


class HookRecorder:
    """Implements every hook, contributes nothing and counts. Register it under the id ``recorder``.

    Make one with :func:`record_hooks`.
    """

    manifest: Final = Manifest(id="recorder", host_api=">=1.0,<2", summary="counts which hooks fire")

    def __init__(self) -> None:
        self.fired: Counter[str] = Counter()
        """How often each hook has fired, by its name."""

    def expect(self, **times: int) -> None:
        """Check that exactly these hooks fired, so often, since the last check, and begin anew."""
        fired = dict(self.fired)
        self.fired.clear()
        assert times == fired


def record_hooks() -> HookRecorder:
    """Make a recorder of all the hooks that there are."""
    hooks = {name: _counting(name, spec) for name, spec in vars(HostSpecs).items() if name.startswith("synthdb_")}
    kind: type[HookRecorder] = type("HookRecorder", (HookRecorder,), hooks)
    return kind()


def _counting(name: str, spec: Callable[..., Any]) -> Callable[[HookRecorder], Any]:
    contributes = "Sequence" in str(inspect.signature(spec).return_annotation)

    @hookimpl
    def hook(self: HookRecorder) -> tuple[()] | None:
        self.fired[name] += 1
        return () if contributes else None

    return hook
