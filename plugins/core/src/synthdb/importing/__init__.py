"""Bringing files into a database, and tables out of it, through operations alone."""
