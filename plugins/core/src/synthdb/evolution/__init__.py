"""Suggestions on how a schema could fit its data better, and making them on a branch."""
