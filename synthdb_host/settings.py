"""The host's settings, and the typed section of each plugin.

A value comes from, in this order: an argument (a command line option), the environment (``SYNTHDB_PORT``,
``SYNTHDB_LIMITS__MAX_ROWS``, ``SYNTHDB_PLUGINS__CORE__CACHE``), the file ``synthdb.toml``, the default.
"""

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from synthdb_host.errors import ConfigurationError
from synthdb_host.provenance import PREFIX, Provenance
from synthdb_host.selection import Selection, closest, find_config, names, read_toml

__all__ = [
    "FeedSettings",
    "HostSettings",
    "JobSettings",
    "Limits",
    "PluginsSection",
    "Secret",
    "TenantSettings",
    "describe",
]

M = TypeVar("M", bound=BaseModel)


_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""How a browser writes an origin that is not opaque."""


class Secret(SecretStr):
    """A secret, best given by reference: ``env:NAME`` or ``file:PATH``. It is never printed."""

    def resolve(self) -> str:
        """Give the secret itself, read now.

        Raises:
            ConfigurationError: the environment variable or file referred to cannot be read or is empty.
        """
        kind, _, name = self.get_secret_value().partition(":")
        if kind not in {"env", "file"}:
            return self.get_secret_value()
        try:
            value = os.environ.get(name, "") if kind == "env" else Path(name).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"secret {kind}:{name}: {error.strerror}") from error
        if not value:
            raise ConfigurationError(f"secret {kind}:{name} is not set or is empty")
        return value


_Names = Annotated[tuple[str, ...], BeforeValidator(names)]


class Limits(BaseModel):
    """What one request may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_body_bytes: int = Field(default=64 * 1024 * 1024, gt=0, description="bytes of a request body")
    max_url_bytes: int = Field(default=64 * 1024, gt=0, description="bytes of an address with its query")
    max_connections: int = Field(default=1_000, gt=0, description="connections at a time, in each worker")
    header_timeout_seconds: float = Field(default=10.0, gt=0, description="seconds in which a request's head must come")
    body_timeout_seconds: float = Field(default=60.0, gt=0, description="seconds in which a request's body must come")
    write_timeout_seconds: float = Field(
        default=60.0, gt=0, description="seconds after which a client that takes nothing of its answer is cut off"
    )
    max_rows: int = Field(default=10_000, gt=0, description="rows of one answer; also the default limit")
    max_stream_rows: int = Field(default=100_000_000, gt=0, description="rows of a streamed answer")
    max_stream_seconds: float = Field(default=600.0, gt=0, description="seconds that a streamed answer may take")
    max_streams: int = Field(default=16, gt=0, description="streamed answers at a time, in each worker")
    statement_timeout_seconds: float = Field(default=30.0, gt=0, description="seconds that one operation may take")
    max_embed_depth: int = Field(default=8, gt=0, description="levels of embedded tables")
    max_filter_depth: int = Field(default=32, gt=0, description="levels of and/or/not in a filter")
    max_filter_terms: int = Field(default=2_000, gt=0, description="conditions in a filter")


class JobSettings(BaseModel):
    """How background work is done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    poll_seconds: float = Field(default=1.0, gt=0, description="seconds between looks for work")
    lease_seconds: float = Field(default=60.0, ge=1, description="seconds after which a dead worker's job is taken")
    concurrency: int = Field(default=8, ge=1, le=256, description="jobs that one server does at a time")
    retention_days: float = Field(default=30.0, ge=0, description="days for which finished jobs are kept")


class FeedSettings(BaseModel):
    """What those may cost who follow changes, in each worker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_followers: int = Field(default=2_000, gt=0, description="followers at a time")
    max_followers_per_principal: int = Field(default=200, gt=0, description="followers of one principal at a time")
    max_terms: int = Field(default=100, gt=0, description="tables, and conditions on them, that one follows")
    page_changes: int = Field(default=500, gt=0, description="changes that are read at a time")
    buffer_bytes: int = Field(
        default=32 * 1024 * 1024, gt=0, description="bytes of the newest changes kept, by branch; who falls behind ends"
    )


class TenantSettings(BaseModel):
    """Whose databases are served, and how many are open at a time; see Tenants, databases and placements."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?$",
        description="domain below which each tenant has its host name: 'db.example.com' for acme.db.example.com",
    )
    max_open_databases: int = Field(
        default=500, gt=0, description="databases open at a time, in each worker; the one unused for longest is closed"
    )


class PluginsSection(BaseModel):
    """Which plugins load, and one section of settings per plugin (``[plugins.ID]``)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    autoload: bool = Field(default=True, description="load every installed plugin that is not disabled")
    enabled: _Names = Field(default=(), description="plugins to load when autoload is off")
    disabled: _Names = Field(default=(), description="plugins never to load; applied before any import")
    required: _Names = Field(default=(), description="plugins without which nothing starts: 'core>=0.1'")


class HostSettings(BaseSettings):
    """The settings of the host. A relative data folder is beside the configuration file, if there is one."""

    model_config = SettingsConfigDict(
        env_prefix="SYNTHDB_", env_nested_delimiter="__", enable_decoding=False, extra="forbid", frozen=True
    )

    config_file: Path | None = Field(default=None, description="the configuration file, if not ./synthdb.toml")
    data: Path = Field(default=Path("synthdb-data"), description="folder of all data")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=256, description="worker processes")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    log_format: Literal["text", "json"] = Field(default="text", description="format of log lines")
    disabled_apis: _Names = Field(default=(), description="APIs that are not served: 'core.openapi'")
    trusted_origins: _Names = Field(
        default=(), description="other origins whose pages may call: 'https://app.example.com'; '*': all"
    )
    admin_token: Secret | None = Field(default=None, description="secret, env:NAME or file:PATH")
    secret_key: Secret | None = Field(
        default=None,
        description="secret, env:NAME or file:PATH, to sign with; without it one is made in the data folder",
    )
    limits: Limits = Field(default=Limits(), description="what one request may cost")
    feeds: FeedSettings = Field(default=FeedSettings(), description="what those may cost who follow changes")
    jobs: JobSettings = Field(default=JobSettings(), description="how background work is done")
    tenants: TenantSettings = Field(default=TenantSettings(), description="whose databases are served, and how many")
    plugins: PluginsSection = Field(default=PluginsSection(), description="which plugins load, and their settings")
    safe_mode: bool = Field(default=False, description="load no plugin, to repair what one of them breaks")
    _provenance: Provenance = PrivateAttr(default_factory=Provenance)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments before the environment, and that before the file."""
        path = init_settings().get("config_file")
        file = InitSettingsSource(settings_cls, _file_values(Path(path))) if path else None
        return tuple(source for source in (init_settings, env_settings, file) if source)

    @classmethod
    def load(cls, config_file: Path | None = None, **arguments: object) -> Self:
        """Read the settings from all sources.

        Args:
            config_file: the file to read; without it ``SYNTHDB_CONFIG_FILE`` or ``./synthdb.toml``, if any.
            arguments: values that win over all other sources.

        Raises:
            ConfigurationError: with everything that is wrong, each with its source.
        """
        file = find_config(config_file)
        text = str(read_toml(file)) if file else ""
        provenance = Provenance.trace(arguments, os.environ, file)
        problems = _unknown_variables(cls, provenance, text)
        try:
            settings = cls.model_validate({"config_file": file, **arguments})
            settings._provenance = provenance  # noqa: SLF001 - its own class
        except ValidationError as error:
            problems += describe(error, provenance)
        except SettingsError as error:
            problems.append(f"{error}: {error.__cause__}")
        if problems:
            raise ConfigurationError("the configuration is wrong:\n" + "\n".join(f"  - {line}" for line in problems))
        return settings

    def source(self, key: str) -> str:
        """Name the source of a dotted key: argument, environment variable, line of the file, or default."""
        return self._provenance.source(*key.split("."))

    @field_validator("trusted_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [origin for origin in origins if origin != "*" and not _ORIGIN.fullmatch(origin)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no origin; one is written 'https://app.example.com', without a path")
        if "*" in origins and len(origins) > 1:
            raise ValueError("'*' stands alone among the origins")
        return origins

    @property
    def selection(self) -> Selection:
        """Which plugins load."""
        if self.safe_mode:
            return Selection.safe()
        chosen = self.plugins
        return Selection(
            autoload=chosen.autoload, enabled=chosen.enabled, disabled=chosen.disabled, required=chosen.required
        )

    def section(self, plugin: str, model: type[M]) -> M:
        """Read the settings of one plugin into its model.

        Raises:
            ConfigurationError: with every unknown key and wrong value, each with its source.
        """
        raw = (self.plugins.model_extra or {}).get(plugin, {})
        try:
            return model.model_validate(_decoded(raw, model), extra="forbid")
        except ValidationError as error:
            raise ConfigurationError("; ".join(describe(error, self._provenance, "plugins", plugin))) from error


def describe(error: ValidationError, provenance: Provenance, *section: str) -> list[str]:
    """Say each thing that is wrong with its key and source, never with the value: it may be a secret."""
    lines = []
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        key = (*section, *(str(part) for part in detail["loc"]))
        source = "not set" if detail["type"] == "missing" else provenance.source(*key)
        lines.append(f"{'.'.join(key)}: {detail['msg']} ({source})")
    return lines


def _file_values(path: Path) -> dict[str, Any]:
    """Read the file; the data folder is meant relative to it."""
    values = read_toml(path)
    data = values.get("data", HostSettings.model_fields["data"].default)
    return values | ({"data": path.parent / data} if isinstance(data, str | Path) else {})


def _unknown_variables(cls: type[BaseModel], provenance: Provenance, text: str) -> list[str]:
    """Report ``SYNTHDB_*`` variables that are neither settings nor referred to as ``env:NAME``."""
    references = text + " ".join(os.environ.values())
    known = [PREFIX + name.upper() for name in cls.model_fields]
    return [
        f"environment {name}: no such setting{closest(name, known)}"
        for key, name in provenance.variables.items()
        if not _is_known(cls, key) and f"env:{name}" not in references
    ]


def _is_known(cls: type[BaseModel], key: tuple[str, ...]) -> bool:
    """Say whether a key is a setting, or lies in a section, whose own model judges it."""
    field = cls.model_fields.get(key[0])
    return field is not None and (len(key) == 1 or isinstance(field.default, BaseModel))


def _decoded(raw: object, model: type[BaseModel]) -> object:
    """Read lists and objects that came as JSON text, as they do from the environment."""
    if not isinstance(raw, Mapping):
        return raw
    return {key: _from_json(value, model.model_fields.get(key)) for key, value in raw.items()}


def _from_json(value: object, field: FieldInfo | None) -> object:
    """Read JSON where the text itself does not fit: a list, but not a secret that happens to be JSON."""
    if not isinstance(value, str) or field is None or value[:1] not in {"[", "{"}:
        return value
    try:
        TypeAdapter(field.rebuild_annotation()).validate_python(value)
    except ValidationError:
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value
