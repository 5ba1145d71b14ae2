"""Who asks is not known, or may not do this (401, 403)."""

from synthdb_host.errors.base import RequestError

__all__ = [
    "Forbidden",
    "IntrospectionDisabled",
    "MissingPlugin",
    "ProtectedBranch",
    "ReadOnly",
    "SchemaLocked",
    "Unauthenticated",
    "UntrustedDocument",
    "UntrustedOrigin",
]


class Unauthenticated(RequestError):
    """The request carries no valid credential.

    Send a valid credential, such as the header Authorization: Bearer TOKEN.
    """

    status = 401
    code = "unauthenticated"
    title = "Authentication required"


class Forbidden(RequestError):
    """The caller may not do this.

    Ask whoever runs the server for the permission that the problem names.
    """

    status = 403
    code = "forbidden"
    title = "Forbidden"


class UntrustedOrigin(Forbidden):
    """Open local access is only for programs on this machine and pages of this server.

    Call the server as http://127.0.0.1 or localhost without a proxy, or let its operator set a token.
    """

    code = "untrusted_origin"
    title = "Untrusted origin"


class IntrospectionDisabled(Forbidden):
    """The caller may not ask for the GraphQL schema.

    Ask for fields that you know; whoever runs the server can give you the schema, or the permission introspect.
    """

    code = "introspection_disabled"
    title = "Introspection disabled"


class UntrustedDocument(Forbidden):
    """Only GraphQL documents that are registered in the database may be run here.

    Send the documentId of a registered document, or let its text be registered.
    """

    code = "untrusted_document"
    title = "Untrusted document"


class MissingPlugin(Forbidden):
    """The database records that it needs a plugin that is not active here.

    Install and enable the plugins that the problem names; without them their rules would not apply.
    """

    code = "missing_plugin"
    title = "Missing plugin"


class ReadOnly(Forbidden):
    """The ref or the statement is read-only.

    Write to a branch as it is now, and only with what may write.
    """

    code = "read_only"
    title = "Read-only"


class ProtectedBranch(Forbidden):
    """The branch is protected: it changes only by a merge.

    Write to another branch and merge it, or take the protection away.
    """

    code = "protected_branch"
    title = "Protected branch"


class SchemaLocked(Forbidden):
    """The table's mode forbids this schema change.

    Change the table's mode first, or leave its columns as they are.
    """

    code = "schema_locked"
    title = "Schema locked"
