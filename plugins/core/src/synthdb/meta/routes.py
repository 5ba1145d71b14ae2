"""Where the resources of the meta interface are."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from synthdb.meta.batching import BatchResource
from synthdb.meta.branching import (
    BranchesResource,
    BranchResource,
    CompactResource,
    TagResource,
    TagsResource,
)
from synthdb.meta.calls import Resource
from synthdb.meta.combining import (
    CherryPickResource,
    ConflictsResource,
    MergeResource,
    RestoreResource,
    RevertResource,
)
from synthdb.meta.defining import (
    ColumnResource,
    ColumnsResource,
    ConstraintResource,
    ConstraintsResource,
    SchemaResource,
    TableResource,
    TablesResource,
)
from synthdb.meta.lookback import (
    BackfillResource,
    ChangesResource,
    CommitsResource,
    DiffResource,
    GarbageResource,
    HistoryResource,
    SqlResource,
    StorageResource,
)
from synthdb.meta.querying import QueriesResource, QueryResource
from synthdb.meta.webhooks import WEBHOOKS
from synthdb.rest.routes import readers
from synthdb.settings import core_settings
from synthdb_host.contracts import Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]

_RESOURCES: Final[Mapping[str, type[Resource]]] = {
    "/{db}/backfill": BackfillResource,
    "/{db}/branches": BranchesResource,
    "/{db}/branches/{name}": BranchResource,
    "/{db}/branches/{name}/compact": CompactResource,
    "/{db}/changes": ChangesResource,
    "/{db}/cherry-pick": CherryPickResource,
    "/{db}/commits": CommitsResource,
    "/{db}/conflicts": ConflictsResource,
    "/{db}/diff": DiffResource,
    "/{db}/gc": GarbageResource,
    "/{db}/history/{table}/{key:path}": HistoryResource,
    "/{db}/merge": MergeResource,
    "/{db}/queries": QueriesResource,
    "/{db}/queries/{name}": QueryResource,
    "/{db}/restore": RestoreResource,
    "/{db}/revert": RevertResource,
    "/{db}/schema": SchemaResource,
    "/{db}/schema/tables": TablesResource,
    "/{db}/schema/tables/{table}": TableResource,
    "/{db}/schema/tables/{table}/columns": ColumnsResource,
    "/{db}/schema/tables/{table}/columns/{name}": ColumnResource,
    "/{db}/schema/tables/{table}/constraints": ConstraintsResource,
    "/{db}/schema/tables/{table}/constraints/{name}": ConstraintResource,
    "/{db}/sql": SqlResource,
    "/{db}/storage": StorageResource,
    "/{db}/tags": TagsResource,
    "/{db}/tags/{name}": TagResource,
}


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the meta generator."""
    most = host.settings.limits.max_rows
    found = [Route(path, _always(kind(host.gate, most))) for path, kind in _RESOURCES.items()]
    # Without a control database nothing would be sent.
    hooks = [Route(path, _always(kind(host))) for path, kind in WEBHOOKS.items() if host.jobs.are_recorded]
    return [*found, *hooks, *_batch(host)]


def _batch(host: "PluginHost") -> Sequence[Route]:
    """Give the route of batches, whose operations are requests to the REST generator."""
    generators = (contribution.record for contribution in host.contributions.api_generators)
    mount = next((generator.mount for generator in generators if generator.name == "rest"), None)
    if mount is None:
        return ()
    return (Route("/{db}/batch", _always(BatchResource(host.gate, mount, *readers(host), core_settings(host)))),)


def _always(resource: object) -> Callable[[object], object]:
    return lambda _: resource
