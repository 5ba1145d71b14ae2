"""Core's commands: import, export and sql."""
