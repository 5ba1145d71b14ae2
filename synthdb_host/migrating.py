"""Alembic migrations of the control database.

Each plugin has its own version table, ``alembic_version_<id>``; the host's is ``alembic_version_host``. A
plugin's folder holds revisions only: the environment is the host's.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from synthdb_host.errors import ConfigurationError
from synthdb_host.revisions import ENVIRONMENT

__all__ = ["upgrade"]


def upgrade(engine: Engine, plugin: str, versions: Path) -> None:
    """Bring the tables of one plugin to its newest revision, in one transaction.

    Raises:
        ConfigurationError: a migration fails; the plugin's tables are as before.
    """
    config = Config(attributes={"version_table": f"alembic_version_{plugin}"})
    config.set_main_option("script_location", _escaped(ENVIRONMENT))
    config.set_main_option("version_locations", _escaped(versions))
    config.set_main_option("path_separator", "newline")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
    except (CommandError, SQLAlchemyError) as error:
        raise ConfigurationError(f"migrating the control database for {plugin!r}: {error}") from error


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
