"""The loader: what it refuses, in which order it loads, and what a built host is."""

from typing import Any

import pytest

from synthdb_host.contracts import (
    ApiGenerator,
    Authenticator,
    HealthCheck,
    MediaType,
    Permission,
    Policy,
    Route,
    StorageBackend,
)
from synthdb_host.errors import StartupError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Command, Manifest
from synthdb_host.settings import HostSettings

pytestmark = pytest.mark.usefixtures("clean")


def manifest(id_: str, **more: Any) -> Manifest:
    """Make the least manifest."""
    return Manifest(id=id_, host_api=">=1.0,<2", **more)


def build(**plugins: Any) -> Host:
    """Build a host of plugin instances alone, without a control database."""
    return Host.build(HostSettings(), plugins=plugins, discover=False, databases={})


def problems(*enabled: str, **plugins: Any) -> str:
    """Give the report of a start-up that must fail."""
    settings = HostSettings(plugins={"autoload": False, "enabled": enabled})
    with pytest.raises(StartupError) as caught:
        Host.build(settings, plugins=plugins, discover=bool(enabled))
    assert len(caught.value.problems) == str(caught.value).count("\n  - ")
    return str(caught.value)


class Plugin:
    """A plugin that does nothing; tests give it hooks."""

    def __init__(self, id_: str = "a", **more: Any) -> None:
        self.manifest = manifest(id_, **more)


# -- order ----------------------------------------------------------------------------------------------


def test_plugins_load_after_what_they_require_and_else_by_id() -> None:
    """The order is the same on every machine, whatever the order of installation."""
    host = build(d=Plugin("d"), c=Plugin("c", after=("d", "absent")), b=Plugin("b", requires=("c>=0",)), a=Plugin("a"))

    assert ["a", "d", "c", "b"] == [plugin.id for plugin in host.plugins]


def test_a_cycle_is_an_error_that_shows_it() -> None:
    """Both ends of the cycle are named."""
    report = problems(a=Plugin("a", requires=("b",)), b=Plugin("b", after=("a",)))

    assert "wait for each other: plugin a -> plugin b -> plugin a" in report


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"requires": ("auth>=2",)}, "plugin 'auth' is not active -> install or enable it"),
        ({"requires": ("not a name!",)}, "'not a name!' is not of the form 'plugin>=1.2'"),
        ({"conflicts": ("b",)}, "conflicts with plugin 'b' -> disable one of the two"),
    ],
    ids=["missing", "malformed", "conflict"],
)
def test_needs_and_conflicts_are_errors_that_say_what_to_do(more: dict[str, Any], complaint: str) -> None:
    """The report names the plugin that asks."""
    assert f"plugin a, order: {complaint}" in problems(a=Plugin("a", **more), b=Plugin("b")).replace(
        "needs another plugin: ", ""
    )


def test_a_required_version_is_compared(site: Any) -> None:
    """``requires`` and ``plugins.required`` take version ranges."""
    site.add("old", version="1.4")
    site.add("asks", manifest='requires = ["old>=2"]')

    report = problems("old", "asks")

    assert (
        "plugin asks 1.0 (synthdb-asks), order: needs another plugin: plugin 'old' is active with version 1.4" in report
    )


# -- what is refused --------------------------------------------------------------------------------------


def test_every_failure_of_every_plugin_is_in_one_report(site: Any) -> None:
    """Each problem has plugin, version, distribution, step, and the line that is to blame."""
    raises = site.add("raises", "x = 1\nraise ValueError('no luck')\n", version="3.1")
    site.add("quits", "raise SystemExit(3)\n")
    site.add("future", "raise SystemExit\n", files={"synthdb-plugin.toml": 'id = "future"\nhost_api = ">=2"'})
    site.add("absent", entry="absent.plugin:Nothing")
    site.add("syntax", "def f(:\n")
    site.add("starts", "class Plugin:\n    def __init__(self): 1 / 0\n")

    report = problems("raises", "quits", "future", "absent", "syntax", "starts")

    assert "plugin raises 3.1 (synthdb-raises), import: ValueError: no luck" in report
    assert f"({raises.source / 'raises' / 'plugin.py'}:5)" in report
    assert "plugin quits 1.0 (synthdb-quits), import: SystemExit: 3" in report
    assert "future 1.0 (synthdb-future), check: needs host_api >=2, this host has 1.0" in report
    assert "has no attribute 'Nothing'" in report
    assert "syntax 1.0 (synthdb-syntax), import: SyntaxError" in report
    assert "starts 1.0 (synthdb-starts), import: ZeroDivisionError" in report
    assert "cannot start, 6 problem(s)" in report


class Misspelt(Plugin):
    @hookimpl
    def synthdb_rout(self) -> list[Route]:
        return []


class Unmarked(Plugin):
    def synthdb_routes(self) -> list[Route]:
        return []


class Async(Plugin):
    @hookimpl
    async def synthdb_routes(self) -> list[Route]:
        return []


class Wrapping(Plugin):
    @hookimpl(wrapper=True)
    def synthdb_authorizers(self) -> Any:
        return (yield)


class OldWrapping(Plugin):
    @hookimpl(hookwrapper=True)
    def synthdb_routes(self) -> Any:
        yield


class WrongArguments(Plugin):
    @hookimpl
    def synthdb_routes(self, application: object) -> list[Route]:
        return []


@pytest.mark.parametrize(
    ("plugin", "complaint"),
    [
        (Misspelt, "there is no hook synthdb_rout; did you mean 'synthdb_routes'?"),
        (Unmarked, "synthdb_routes is not marked with @hookimpl"),
        (Async, "synthdb_routes is async; hooks are synchronous"),
        (Wrapping, "synthdb_authorizers is sealed: no wrapper may stand around it"),
        (OldWrapping, "synthdb_routes uses hookwrapper=True; use wrapper=True"),
        (WrongArguments, "{'application'}"),
    ],
)
def test_a_hook_that_would_silently_not_work_is_refused(plugin: type[Plugin], complaint: str) -> None:
    """What pluggy accepts in silence is an error here."""
    report = problems(a=plugin())

    assert "plugin a, register: TypeError: " in report
    assert complaint in report


def contributing(hook: str, answer: object, id_: str = "a", **more: Any) -> Plugin:
    """Make a plugin whose one hook gives this answer."""
    methods = {hook: hookimpl(lambda self: answer), "__init__": Plugin.__init__}
    methods[hook].__name__ = hook
    made: Plugin = type("Contributing", (), methods)(id_, **more)
    return made


def route(path: str) -> Route:
    """Make a route."""
    return Route(path, lambda host: object())


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"a": 1}, "TypeError: returned dict, not a list of Route"),
        ([{"path": "/a"}], "TypeError: returned a dict among its Route records"),
        ([route("a")], "ValueError: route 'a' must start with '/'"),
    ],
)
def test_a_wrong_answer_is_an_error(answer: object, complaint: str) -> None:
    """Records are checked when they are collected, not when a request comes."""
    assert f"plugin a, synthdb_routes: {complaint}" in problems(a=contributing("synthdb_routes", answer))


def open_nothing(*_: object) -> Any:
    """Stand for a storage that no test opens."""
    raise AssertionError


@pytest.mark.parametrize(
    ("hook", "record", "name"),
    [
        ("synthdb_storage_backends", StorageBackend("sqlite", open_nothing), "scheme 'sqlite'"),
        ("synthdb_permissions", Permission("select", "table", "read"), "action 'select'"),
        ("synthdb_authenticators", Authenticator("bearer", open_nothing), "scheme 'bearer'"),
        ("synthdb_health_checks", HealthCheck("disk", open_nothing), "name 'disk'"),
        ("synthdb_media_types", MediaType("text/csv", "csv"), "suffix 'csv'"),
        ("synthdb_policies", Policy("own rows", open_nothing), "name 'own rows'"),
    ],
)
def test_a_name_that_two_plugins_claim_is_an_error_naming_both(hook: str, record: object, name: str) -> None:
    """Neither of the two silently wins."""
    report = problems(a=contributing(hook, [record], "a"), b=contributing(hook, [record], "b"))

    assert f"plugin b, {hook}: {name} is already taken by plugin a" in report


def test_two_distributions_of_one_id_are_an_error_naming_both_with_versions(site: Any) -> None:
    """The operator learns which two distributions to choose from."""
    site.add("twin", name="synthdb-twin", version="1.0")
    site.add("twin", name="acme-twin", version="2.0")

    report = problems("synthdb-twin", "acme-twin")

    assert "plugin twin 1.0 (synthdb-twin), discover: has the same id as plugin twin 2.0 (acme-twin)" in report


def test_a_command_that_a_plugin_and_the_host_offer_is_an_error() -> None:
    """The host's commands cannot be replaced."""
    report = problems(a=Plugin("a", commands=(Command(name="serve", target="a:b"),)))

    assert "plugin a, check: command 'serve' is already taken by the host" in report


@pytest.mark.parametrize(
    ("mount", "paths", "fits"),
    [
        ("/x/a/api", (), True),
        ("/rest/v1", ("/rest/v1",), True),
        ("/rest/v1", (), False),
        ("/x/ab", (), False),
    ],
)
def test_an_api_outside_the_plugins_own_path_must_be_in_its_manifest(
    mount: str, paths: tuple[str, ...], *, fits: bool
) -> None:
    """Top-level paths are declared, so that operators and other plugins know them."""
    plugin = contributing("synthdb_api_generators", [ApiGenerator("r", mount, "a:b")], top_level_paths=paths)
    if fits:
        assert [mount] == [one.record.mount for one in build(a=plugin).contributions.api_generators]
    else:
        assert f"mount '{mount}' is neither below /x/a nor in top_level_paths" in problems(a=plugin)


def test_an_instance_given_under_another_id_is_refused() -> None:
    """The id in the manifest is the id."""
    assert "is given as 'b', but its manifest says 'a'" in problems(b=Plugin("a"))


# -- the operator's choice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bomb", "synthdb-bomb", "SYNTHDB_BOMB"])
def test_a_disabled_plugin_is_not_imported(site: Any, name: str) -> None:
    """Disabling comes before the import, so that a plugin that kills the process can be switched off."""
    site.add("bomb", "raise SystemExit('boom')\n")
    site.add("fine")
    settings = HostSettings(plugins={"autoload": False, "enabled": ("fine", "bomb"), "disabled": (name,)})

    assert ["fine"] == [plugin.id for plugin in Host.build(settings).plugins]


def test_unknown_names_in_the_lists_are_errors_with_a_suggestion(site: Any) -> None:
    """A misspelt name never silently enables or disables nothing."""
    site.add("parcel")
    lists = {"enabled": ("parsel",), "disabled": ("parcell",), "required": ("x>=1",)}
    with pytest.raises(StartupError) as caught:
        Host.build(HostSettings(plugins={"autoload": False, "parcle": {}, **lists}))

    report = str(caught.value)
    assert "plugins.enabled, select: no plugin 'parsel' is installed; did you mean 'parcel'?" in report
    assert "plugins.disabled, select: no plugin 'parcell' is installed; did you mean" in report
    assert "plugins.required, check: plugin 'x' is not active" in report
    assert "plugins.parcle, configure: no plugin 'parcle' is installed; did you mean 'parcel'?" in report


# -- a built host ------------------------------------------------------------------------------------------


def test_two_hosts_with_different_plugins_live_in_one_process() -> None:
    """Nothing is global: neither sees the other's contributions."""
    one = build(a=contributing("synthdb_routes", [route("/one")]))
    two = build(b=contributing("synthdb_routes", [route("/two")], "b"))

    assert ["/one"] == [found.record.path for found in one.contributions.routes]
    assert [("b", "/two")] == [(found.plugin, found.record.path) for found in two.contributions.routes]


def test_a_class_as_entry_point_gives_each_host_its_own_instance(site: Any) -> None:
    """What a plugin keeps belongs to one host."""
    site.add("stateful")
    settings = HostSettings(plugins={"autoload": False, "enabled": ("stateful",)})

    one, two = Host.build(settings), Host.build(settings)

    assert one.plugins[0].instance is not two.plugins[0].instance


def test_contributions_are_joined_in_plugin_order_and_wrappers_of_open_hooks_see_them() -> None:
    """A wrapper may stand around a contribution hook; it sees each plugin's answer."""

    class Wrapper(Plugin):
        @hookimpl(wrapper=True)
        def synthdb_routes(self) -> Any:
            answers = yield
            return [[*answer, route("/extra")] for answer in answers]

    host = build(
        c=contributing("synthdb_routes", [route("/c")], "c"),
        b=contributing("synthdb_routes", [route("/b")], "b"),
        w=Wrapper("w"),
    )

    assert ["/b", "/extra"] == [one.record.path for one in host.contributions.routes if one.plugin == "b"]
    assert ["b", "b", "c", "c"] == [one.plugin for one in host.contributions.routes]


def test_a_module_can_be_a_plugin_and_a_hook_can_have_another_name(site: Any) -> None:
    """A method is a hook by its mark; the inventory says which hooks a plugin has."""
    site.add("plain", "def helper(): pass\n", entry="plain:plugin", files={"__init__.py": "from plain import plugin"})
    site.add(
        "renamed",
        "class Plugin:\n    @hookimpl(specname='synthdb_routes')\n    def routes(self): return [Route('/a', helper)]\n"
        "def helper(host): pass\n",
    )
    host = Host.build(HostSettings(plugins={"autoload": False, "enabled": ("plain", "renamed")}))

    assert [frozenset(), frozenset({"synthdb_routes"})] == [plugin.hooks for plugin in host.plugins]
    assert ["/a"] == [one.record.path for one in host.contributions.routes]
