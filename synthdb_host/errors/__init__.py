"""The errors of SynthDB, one stable code each.

The tree::

    SynthDBError
    ├── StartupError                    the host cannot start; lists every problem of every plugin
    ├── ConfigurationError              a setting or a manifest is wrong
    ├── JobStopped                      a background task must stop where it is
    ├── Postponed                       a background task wants to go on later
    └── RequestError                    an operation was refused; carries an HTTP status and a code
        ├── BadRequest (400)            the caller's words cannot be read or do not fit the data
        ├── Unauthenticated (401), Forbidden (403), NotFound (404), NotAllowed (405),
        │   NotAcceptable (406), RequestTimeout (408), Conflict (409), HistoryGone (410),
        │   PreconditionFailed (412), TooLarge (413), UnsupportedMediaType (415), RangeNotSatisfiable (416),
        │   UpgradeRequired (426), PreconditionRequired (428), TooManyRequests (429), HeadersTooLarge (431)
        └── Unavailable (503, Misconfigured 503, EgressFailed 502), Timeout (504), StorageFull (507)

A class's ``code`` is a promise: it never changes its meaning. The first paragraph of each docstring is the
code's published meaning, the second says what to do.
"""

# Each module says by its __all__ what it gives.
# ruff: noqa: F403

from synthdb_host.errors import absence, access, bad_requests, base, conflicts, exchange, trouble
from synthdb_host.errors.absence import *
from synthdb_host.errors.access import *
from synthdb_host.errors.bad_requests import *
from synthdb_host.errors.base import *
from synthdb_host.errors.conflicts import *
from synthdb_host.errors.exchange import *
from synthdb_host.errors.trouble import *

__all__: list[str] = []
__all__ += absence.__all__
__all__ += access.__all__
__all__ += bad_requests.__all__
__all__ += base.__all__
__all__ += conflicts.__all__
__all__ += exchange.__all__
__all__ += trouble.__all__
