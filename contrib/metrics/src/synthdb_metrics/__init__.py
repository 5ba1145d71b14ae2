"""Counts and times what a server does, for Prometheus."""
