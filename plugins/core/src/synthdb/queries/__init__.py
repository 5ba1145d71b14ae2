"""Saved queries: SQL with a name and typed parameters, kept in the database itself."""
