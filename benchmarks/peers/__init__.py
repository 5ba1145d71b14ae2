"""The servers that are measured, and what each is asked for the same work."""
