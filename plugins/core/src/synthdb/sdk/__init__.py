"""Clients for a database, generated from its catalog: typed tables, and a runtime that is the same for all."""
