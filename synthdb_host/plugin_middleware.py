"""The middleware that plugins contribute: made for their places, and blamed by name when it fails."""

import inspect
from traceback import walk_tb
from typing import Final

from synthdb_host.errors import StartupError
from synthdb_host.loading import label
from synthdb_host.manager import Host

__all__ = ["PluginMiddleware"]

_PHASES: Final = (
    "process_request", "process_resource", "process_response", "process_request_ws", "process_resource_ws",
)  # fmt: skip


class PluginMiddleware:
    """The middleware of all plugins, by place and in plugin order.

    Raises:
        StartupError: with everything that cannot be made.
    """

    def __init__(self, host: Host) -> None:
        self.places: dict[str, list[object]] = {"before_authentication": [], "after_authentication": []}
        self._names: list[tuple[object, str]] = []
        labels = {plugin.id: label(plugin) for plugin in host.plugins}
        problems = []
        for one in host.contributions.middleware:
            name = f"{labels[one.plugin]}, middleware {one.record.name!r}"
            try:
                component = one.record.make(host)
                if component is not None:
                    self.places[one.record.place].append(_checked(component))
                    self._names.append((component, name))
            except Exception as error:  # noqa: BLE001 - whatever it is, its plugin is named
                problems.append(f"{name}: {type(error).__name__}: {error}")
        if problems:
            raise StartupError(problems)

    def blame(self, error: Exception) -> str | None:
        """Name the middleware that an error came out of, None if it is of none.

        It is found by looking at the error, so that a request that succeeds pays nothing for it.
        """
        for frame, _ in walk_tb(error.__traceback__):
            itself = next(iter(frame.f_locals.values()), None)
            for component, name in self._names:
                if itself is component:
                    return name
        return None


def _checked(component: object) -> object:
    phases = [getattr(component, name) for name in _PHASES if hasattr(component, name)]
    if not phases or not all(map(inspect.iscoroutinefunction, phases)):
        raise TypeError(f"made a {type(component).__name__}, which has no phases, or some that are not async")
    return component
