"""Installations with the plugin, over a storage in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from synthdb_memory.plugin import MemoryPlugin

from synthdb_auth.accounts import Account
from synthdb_auth.plugin import AuthPlugin
from synthdb_auth.scopes import Place, Right
from synthdb_auth.service import Auth
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.directory import Directory
from synthdb_host.manager import Host
from synthdb_host.operations import Insert, Operation
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings
from synthdb_host.tenants import Tenants
from synthdb_host.testing.hosting import ApiClient

OWN = Context(PROCESS)


@dataclass
class Installation:
    """A server with databases ``shop`` and, of tenant ``acme``, another ``shop``; each has some tables."""

    client: ApiClient
    auth: Auth

    def run(self, operation: Operation, database: str = "shop", context: Context = OWN) -> Any:
        """Do something as the server's own process, or as somebody else."""
        return self.client.run(self.client.host.gate.execute(database, operation, context))

    def user(self, name: str, *rights: str, tenant: str = "", **more: Any) -> tuple[Account, str]:
        """Make an account with rights, ``ACTIONS:PLACE``, and a key for it."""
        account = self.auth.accounts.create(name, tenant=tenant, **more)
        for text in rights:
            right = Right.parse(text)
            self.auth.grants.create(account, right.place, actions=right.actions)
        return account, self.auth.credentials.create(account)[1].text

    def caller(self, key: str) -> Context:
        """Give the context of who sends a key."""
        principal = self.auth.knower.find(key)
        assert principal
        return Context(principal)

    def get(self, path: str, key: str | None = None, **options: Any) -> falcon.testing.Result:
        """Send a request with a key."""
        return self.request("GET", path, key, **options)

    def request(self, method: str, path: str, key: str | None = None, **options: Any) -> falcon.testing.Result:
        """Send a request with a key."""
        headers = dict(options.pop("headers", {})) | ({"Authorization": f"Bearer {key}"} if key else {})
        return self.client.request(method, path, headers=headers, **options)

    def allow(self, account: Account, actions: str, place: str, **more: Any) -> str:
        """Allow an account something; gives the grant's id."""
        return self.auth.grants.create(account, Place.parse(place), actions=actions.split(","), **more).id


@pytest.fixture
def install(synthdb_data: Path) -> Iterator[Callable[..., Installation]]:
    """Start servers on one data folder; each is a process of its own as far as the plugin can tell."""
    clients = []

    def start(**settings: Any) -> Installation:
        plugin = AuthPlugin()
        chosen = HostSettings.model_validate({"data": synthdb_data, "plugins": {"auth": settings}})
        host = Host.build(chosen, plugins={"auth": plugin, "memory": MemoryPlugin()}, discover=False)
        host.migrate()
        assert host.control
        if not host.databases.names():
            directory = Directory(host.control)
            Tenants(directory).create("acme", ["acme.test"])
            host.databases.start(EmbeddedScheduler())
            for name in ("shop", "acme/shop"):
                host.databases.create(name, f"memory://{name.replace('/', '-')}")
            host.databases.close()
        clients.append(ApiClient(host))
        found = Installation(clients[-1], plugin.auth)
        found.run(Insert.of("films", [{"title": "Alien"}, {"title": "Brazil"}]))
        found.run(Insert.of("staff", [{"name": "Ada"}]))
        found.run(Insert.of("films", [{"title": "Acme's own"}]), "acme/shop")
        return found

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def place(install: Callable[..., Installation]) -> Installation:
    """One such server."""
    return install()
