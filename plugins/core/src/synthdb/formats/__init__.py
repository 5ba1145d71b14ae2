"""Formats: rows as bytes, piece by piece."""
