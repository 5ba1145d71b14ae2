"""Settings: where they come from, and what is said when they are wrong."""

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from synthdb_host.errors import ConfigurationError
from synthdb_host.selection import Selection
from synthdb_host.settings import HostSettings, Secret

pytestmark = pytest.mark.usefixtures("clean")


def write(text: str, name: str = "synthdb.toml") -> Path:
    """Write a configuration file here."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def complaints(**arguments: object) -> str:
    """Give the message of a configuration that must be refused."""
    with pytest.raises(ConfigurationError) as caught:
        HostSettings.load(**arguments)  # type: ignore[arg-type]  # whatever is given
    return str(caught.value)


def test_without_any_source_the_defaults_hold() -> None:
    """The server listens on this machine only."""
    settings = HostSettings.load()

    assert ("127.0.0.1", 8000, Path("synthdb-data")) == (settings.host, settings.port, settings.data)
    assert "default" == settings.source("port")


def test_an_argument_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every value can be traced to its source."""
    write('host = "file"\nport = 1\nworkers = 1\n\n[limits]\nmax_rows = 7\n')
    monkeypatch.setenv("SYNTHDB_PORT", "2")
    monkeypatch.setenv("SYNTHDB_WORKERS", "2")
    monkeypatch.setenv("SYNTHDB_LIMITS__MAX_EMBED_DEPTH", "3")

    settings = HostSettings.load(workers=3)

    assert ("file", 2, 3) == (settings.host, settings.port, settings.workers)
    assert (7, 3) == (settings.limits.max_rows, settings.limits.max_embed_depth)
    assert ("synthdb.toml:1", "environment SYNTHDB_PORT", "argument", "synthdb.toml:6") == tuple(
        map(settings.source, ("host", "port", "workers", "limits.max_rows"))
    )


def test_a_relative_data_folder_in_a_file_is_beside_the_file() -> None:
    """The same file means the same folder from everywhere."""
    path = write('data = "rows"', "etc/synthdb.toml")

    assert Path("etc/rows") == HostSettings.load(path).data
    assert Path("etc/synthdb-data") == HostSettings.load(write("", "etc/empty.toml")).data
    assert Path("else") == HostSettings.load(path, data=Path("else")).data


def test_the_file_can_be_named_by_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """For services that are configured by environment."""
    monkeypatch.setenv("SYNTHDB_CONFIG_FILE", str(write("port = 5", "etc/other.toml")))

    assert 5 == HostSettings.load().port


def test_everything_that_is_wrong_is_said_at_once_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator mends the configuration in one go."""
    write("prot = 1\n[limits]\nmax_row = 3\nmax_rows = 0\n")
    monkeypatch.setenv("SYNTHDB_PORT", "abc")
    monkeypatch.setenv("SYNTHDB_WORKRES", "3")
    monkeypatch.setenv("SYNTHDB_HOST__NAME", "x")

    text = complaints()

    assert "environment SYNTHDB_WORKRES: no such setting; did you mean 'SYNTHDB_WORKERS'?" in text
    assert "environment SYNTHDB_HOST__NAME: no such setting" in text
    assert "port: Input should be a valid integer" in text
    assert "(environment SYNTHDB_PORT)" in text
    assert "prot: Extra inputs are not permitted (synthdb.toml:1)" in text
    assert "limits.max_row: Extra inputs are not permitted (synthdb.toml:3)" in text
    assert "limits.max_rows: Input should be greater than 0 (synthdb.toml:4)" in text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("port =", "synthdb.toml: Invalid value"),
        (f"port = {'9' * 5000}", "synthdb.toml: Exceeds the limit"),
        (f"port = {'[' * 5000}", "synthdb.toml: maximum recursion depth"),
        ('plugins = "core"', "plugins: Input should be a valid"),
    ],
)
def test_an_unreadable_file_is_an_error_naming_it(text: str, complaint: str) -> None:
    """A broken file is never passed over."""
    write(text)

    assert complaint in complaints()


def test_a_file_that_is_asked_for_must_exist() -> None:
    """Only the default file may be absent."""
    assert "there is no configuration file nowhere.toml" == complaints(config_file=Path("nowhere.toml"))


def test_a_secret_is_resolved_at_use_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration holds a reference, the representation holds neither."""
    path = write("from-file\n", "secret.txt")
    monkeypatch.setenv("MY_TOKEN", "from-environment")

    assert "from-environment" == Secret("env:MY_TOKEN").resolve()
    assert "from-file" == Secret(f"file:{path}").resolve()
    assert "literal" == Secret("literal").resolve()
    assert "literal" not in repr(HostSettings(admin_token="literal"))
    assert "literal" not in str(HostSettings(admin_token="literal").model_dump(mode="json"))


@pytest.mark.parametrize("reference", ["env:NOT_THERE", "file:not-there"])
def test_a_secret_that_cannot_be_read_is_an_error_naming_the_reference(reference: str) -> None:
    """An unset variable never becomes an empty token."""
    with pytest.raises(ConfigurationError, match=reference):
        Secret(reference).resolve()


def test_a_variable_that_a_secret_refers_to_may_begin_with_the_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``env:SYNTHDB_TOKEN`` does not make SYNTHDB_TOKEN an unknown setting."""
    write('admin_token = "env:SYNTHDB_TOKEN"')
    monkeypatch.setenv("SYNTHDB_TOKEN", "t")

    token = HostSettings.load().admin_token

    assert token
    assert "t" == token.resolve()


@pytest.mark.parametrize("text", ["core, auth", '["core", "auth"]'], ids=["commas", "json"])
def test_lists_of_plugins_come_from_the_environment_and_the_light_reader_agrees(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``plugins list`` reads without pydantic is what the host reads."""
    write('[plugins]\nenabled = ["vector"]\nrequired = ["core>=0.1"]\n[plugins.core]\na = 1')
    monkeypatch.setenv("SYNTHDB_PLUGINS__DISABLED", text)
    monkeypatch.setenv("SYNTHDB_PLUGINS__AUTOLOAD", "false")
    monkeypatch.setenv("SYNTHDB_PLUGINS__CORE__B", "2")

    settings = HostSettings.load()

    assert Selection.read() == settings.selection
    assert ("core", "auth") == settings.selection.disabled
    assert {"core": {"a": 1, "b": "2"}} == settings.plugins.model_extra
    assert "synthdb.toml:5" == settings.source("plugins.core.a")


class Section(BaseModel):
    """What a plugin may declare."""

    words: tuple[str, ...] = ()
    weights: dict[str, float] = {}
    account: SecretStr | None = None
    text: str = ""


def test_lists_and_objects_of_a_plugin_come_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """But a text or a secret stays as it is, even if it looks like JSON."""
    monkeypatch.setenv("SYNTHDB_PLUGINS__SOME__WORDS", '["a", "b"]')
    monkeypatch.setenv("SYNTHDB_PLUGINS__SOME__WEIGHTS", '{"a": 0.5}')
    monkeypatch.setenv("SYNTHDB_PLUGINS__SOME__ACCOUNT", '{"key": "k"}')
    monkeypatch.setenv("SYNTHDB_PLUGINS__SOME__TEXT", "[x")

    section = HostSettings.load().section("some", Section)

    assert (("a", "b"), {"a": 0.5}, "[x") == (section.words, section.weights, section.text)
    assert section.account
    assert '{"key": "k"}' == section.account.get_secret_value()


def test_a_value_of_a_plugin_that_does_not_fit_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is not shown: it may be a secret."""
    monkeypatch.setenv("SYNTHDB_PLUGINS__SOME__WORDS", "[s3cret")

    with pytest.raises(ConfigurationError) as caught:
        HostSettings.load().section("some", Section)

    assert "plugins.some.words: " in str(caught.value)
    assert "(environment SYNTHDB_PLUGINS__SOME__WORDS)" in str(caught.value)
    assert "s3cret" not in str(caught.value)
