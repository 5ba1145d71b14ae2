"""A server on which everybody sees the orders of his tenant: ``python tenants.py --port 0 --data FOLDER FILE``.

A token is ``tenant/name``, or ``tenant/name/end`` with the end of its time; without one everything is seen.
Settings are taken from the environment.
"""

import sys
import time
from pathlib import Path

from synthdb.plugin import plugin as core
from synthdb_host.access import LOCAL
from synthdb_host.contracts import Authenticator, Credentials, Policy, Principal, Resource, RowPolicy
from synthdb_host.manager import Host
from synthdb_host.server import serve_host
from synthdb_host.settings import HostSettings
from synthdb_host.testing.gating import Guard, allow_all
from synthdb_host.testing.session import where


async def _known(credentials: Credentials) -> Principal | None:
    tenant, _, rest = credentials.value.partition("/")
    name, _, end = rest.partition("/")
    if not tenant.isdecimal() or (end and time.time() > float(end)):
        return None
    return Principal(name, claims={"tenant": int(tenant)})


async def _everybody(_: Credentials) -> Principal:
    return LOCAL


async def _own(principal: Principal, _: str, resource: Resource) -> RowPolicy | None:
    tenant = principal.claims.get("tenant")
    return None if tenant is None or resource.table != "orders" else RowPolicy(where("tenant", "eq", tenant))


def main(_port: str, number: str, _data: str, folder: str, file: str) -> None:
    """Serve."""
    known = [Authenticator("bearer", _known), Authenticator("none", _everybody)]
    guard = Guard(authorizers=[allow_all()], authenticators=known, policies=[Policy("tenant", _own)])
    settings = HostSettings(data=Path(folder), port=int(number), workers=1)
    url = {Path(file).stem: f"sqlite:///{file}"}
    serve_host(Host.build(settings, plugins={"core": core(), "guard": guard}, discover=False, databases=url))


if __name__ == "__main__":
    main(*sys.argv[1:])
