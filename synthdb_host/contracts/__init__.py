"""The records and protocols that plugins give to the host.

A hook returns these records; the host collects, checks and freezes them at start-up. Adding a field with a
default never breaks a plugin. Targets written ``"package.module:name"`` are imported when first needed.
"""

# Each module says by its __all__ what it gives.
# ruff: noqa: F403

from synthdb_host.contracts import (
    callers,
    decisions,
    idempotency,
    restrictions,
    results,
    scheduling,
    storage,
    streams,
    surfaces,
)
from synthdb_host.contracts.callers import *
from synthdb_host.contracts.decisions import *
from synthdb_host.contracts.idempotency import *
from synthdb_host.contracts.restrictions import *
from synthdb_host.contracts.results import *
from synthdb_host.contracts.scheduling import *
from synthdb_host.contracts.storage import *
from synthdb_host.contracts.streams import *
from synthdb_host.contracts.surfaces import *

__all__: list[str] = []
__all__ += callers.__all__
__all__ += decisions.__all__
__all__ += idempotency.__all__
__all__ += restrictions.__all__
__all__ += results.__all__
__all__ += scheduling.__all__
__all__ += storage.__all__
__all__ += streams.__all__
__all__ += surfaces.__all__
