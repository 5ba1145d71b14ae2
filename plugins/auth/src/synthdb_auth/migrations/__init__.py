"""The plugin's tables in the control database, revision by revision."""
