"""SynthDB Host: composes plugins into a data platform.

Plugin authors import everything from here: the hook marker, the records and protocols of the contract, the
operations, the errors, and what a command works with. Names are imported when first used, so that
``import synthdb_host`` costs nothing.
"""

# Type checkers learn the names below from the modules that define them, since mypy does not look through the packages
# that gather them; at run time __getattr__ finds them.
# ruff: noqa: F403, F405

from typing import TYPE_CHECKING

from synthdb_host.targets import load_module

if TYPE_CHECKING:
    from synthdb_host.catalog import *
    from synthdb_host.consumers import *
    from synthdb_host.contracts.callers import *
    from synthdb_host.contracts.decisions import *
    from synthdb_host.contracts.idempotency import *
    from synthdb_host.contracts.restrictions import *
    from synthdb_host.contracts.results import *
    from synthdb_host.contracts.scheduling import *
    from synthdb_host.contracts.storage import *
    from synthdb_host.contracts.streams import *
    from synthdb_host.contracts.surfaces import *
    from synthdb_host.encoding import *
    from synthdb_host.errors.absence import *
    from synthdb_host.errors.access import *
    from synthdb_host.errors.bad_requests import *
    from synthdb_host.errors.base import *
    from synthdb_host.errors.conflicts import *
    from synthdb_host.errors.exchange import *
    from synthdb_host.errors.trouble import *
    from synthdb_host.expectations import *
    from synthdb_host.hookspecs import *
    from synthdb_host.manifest import *
    from synthdb_host.merge_reports import *
    from synthdb_host.operations import *
    from synthdb_host.records import *
    from synthdb_host.session import *
    from synthdb_host.tasks import *
    from synthdb_host.versions import *

__all__ = [
    "ALL_OPERATORS", "ANY_TENANT", "ANY_VERSION", "ELSEWHERE", "HEAD", "HOOK_API", "MISSING", "TYPE_NAMES",
    "UNRESTRICTED", "AddCheck", "AddColumn", "AddForeignKey", "AddIndex", "AddUniqueKey", "AddressTooLong",
    "Aggregate", "AggregateFunction", "AlterBranch", "AlterColumn", "AmbiguousEmbed", "And", "ApiGenerator",
    "Authenticator", "Authorizer", "Backfill", "BadRequest", "Batch", "BranchChange", "Branches", "Branching",
    "Capability", "Catalog", "CatalogChanged", "Change", "ChangeBatch", "ChangeSet", "Changes", "CheckConstraint",
    "CheckViolation", "CherryPick", "Collect", "Column", "ColumnRef", "ColumnType", "CombinedTable", "Compact",
    "Comparison", "ConfigurationError", "Conflict", "Conflicts", "Consumer", "Context", "Converter", "CopyColumn",
    "CopyTable", "CountMode", "CreateBranch", "CreateTable", "CreateTag", "Credentials", "CursorExpired",
    "Database", "DatabaseArchived", "Decision", "Define", "Delete", "Diff", "DropBranch", "DropColumn",
    "DropConstraint", "DropTable", "DropTag", "DuplicateName", "EgressFailed", "EgressRefused", "Embed", "EmbedCount",
    "EmbedExists", "Expected", "FellBehind", "Filter", "Follow", "Forbidden", "ForeignKey", "ForeignKeyViolation",
    "FullTableWrite", "GraphqlCall", "GraphqlType", "HeadersTooLarge", "HealthCheck", "History", "HistoryGone",
    "Idempotency", "IdempotencyInProgress", "IdempotencyKeyReused", "Index", "Insert", "InternalError",
    "IntrospectionDisabled", "InvalidBody", "InvalidCursor", "InvalidDocument", "InvalidFilter", "InvalidName",
    "InvalidParameter", "InvalidPreference", "InvalidReference", "InvalidSelect", "InvalidSql", "InvalidValue",
    "JobStopped", "KeepRecords", "LimitReached", "Literal", "Log", "LossyValue", "MalformedRequest", "Manifest",
    "MaxAffectedExceeded", "MediaType", "Merge", "MergeConflict", "MergeReport", "Middleware", "Misconfigured",
    "Missing", "MissingPlugin", "Moving", "Not", "NotAcceptable", "NotAllowed", "NotFound", "NotNullViolation",
    "NotSingular", "Offset", "OnConflict", "OnDelete", "OpenConflict", "Operation", "Or", "Order", "Outcome", "Output",
    "Permission", "Placement", "Policy", "Position", "Postponed", "PreconditionFailed", "PreconditionRequired",
    "Principal", "ProtectedBranch", "RangeNotSatisfiable", "ReadOnly", "Recording", "Records", "Ref", "Reference",
    "Relation", "Relocation", "RenameColumn", "RenameTable", "RequestError", "RequestTimeout", "RequirePlugin",
    "RequirePreconditions", "Resolve", "Resource", "Restore", "RestoreColumn", "RestoreTable", "Restrictions",
    "Result", "ResultColumn", "Revert", "Route", "RowEncoder", "RowPolicy", "RowStream", "RowWriter", "Schedule",
    "Scheduler", "SchemaLocked", "Select", "Session", "SetMode", "Sql", "StartupError", "StorageBackend",
    "StorageFull", "StorageReport", "Stream", "SynthDBError", "Table", "TableMode", "TableRestriction", "Tags",
    "Task", "TaskRun", "Timeout", "TooComplex", "TooLarge", "TooManyColumns", "TooManyRequests", "Transaction",
    "TypeConflict", "Unauthenticated", "Unavailable", "UniqueKey", "UniqueViolation", "UnitRunner",
    "UnknownColumn", "UnknownDatabase", "UnknownDocument", "UnknownJob", "UnknownOperator", "UnknownPlacement",
    "UnknownRef", "UnknownRelation", "UnknownTable", "UnknownTask", "UnknownTenant", "UnsupportedCapability",
    "UnsupportedMediaType", "UntrustedDocument", "UntrustedOrigin", "Update", "UpgradeRequired", "Verdict",
    "Versioning", "Watch", "and_all", "check_guard", "config_options", "format_timestamp", "hookimpl",
    "print_rows", "to_text",
]  # fmt: skip

_HOMES = (
    "hookspecs", "errors", "operations", "catalog", "encoding", "contracts", "tasks", "manifest", "session", "versions",
    "consumers", "records", "expectations", "merge_reports",
)  # fmt: skip


def __getattr__(name: str) -> object:
    """Give a public name, imported from the module that defines it."""
    for home in _HOMES if name in __all__ else ():
        module = load_module(f"synthdb_host.{home}")
        if name in module.__all__:
            found: object = getattr(module, name)
            return found
    raise AttributeError(f"module 'synthdb_host' has no attribute {name!r}")
