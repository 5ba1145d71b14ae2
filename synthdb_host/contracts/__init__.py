"""The records and protocols that plugins give to the host.

A hook returns these records; the host collects, checks and freezes them at start-up. Adding a field with a
default never breaks a plugin. Targets written ``"package.module:name"`` are imported when first needed.
"""

from synthdb_host.contracts.callers import Context, Principal
from synthdb_host.contracts.decisions import (
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    GraphqlCall,
    GraphqlType,
    Outcome,
    Permission,
    Policy,
    Resource,
    RowPolicy,
    Verdict,
)
from synthdb_host.contracts.idempotency import Idempotency
from synthdb_host.contracts.restrictions import UNRESTRICTED, Restrictions, TableRestriction
from synthdb_host.contracts.results import Result
from synthdb_host.contracts.scheduling import Scheduler, UnitRunner
from synthdb_host.contracts.storage import Capability, Database, Placement, StorageBackend, Transaction
from synthdb_host.contracts.streams import ChangeSet, RowStream, Watch
from synthdb_host.contracts.surfaces import ApiGenerator, HealthCheck, MediaType, Route, RowWriter

__all__ = [
    "UNRESTRICTED",
    "ApiGenerator",
    "Authenticator",
    "Authorizer",
    "Capability",
    "ChangeSet",
    "Context",
    "Credentials",
    "Database",
    "Decision",
    "GraphqlCall",
    "GraphqlType",
    "HealthCheck",
    "Idempotency",
    "MediaType",
    "Outcome",
    "Permission",
    "Placement",
    "Policy",
    "Principal",
    "Resource",
    "Restrictions",
    "Result",
    "Route",
    "RowPolicy",
    "RowStream",
    "RowWriter",
    "Scheduler",
    "StorageBackend",
    "TableRestriction",
    "Transaction",
    "UnitRunner",
    "Verdict",
    "Watch",
]
