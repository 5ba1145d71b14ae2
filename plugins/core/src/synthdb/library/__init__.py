"""The embedded library: a database in a file, without a server."""
