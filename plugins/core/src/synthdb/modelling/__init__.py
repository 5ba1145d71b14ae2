"""Pydantic models of tables and saved queries: as classes, and as the source of a module."""
