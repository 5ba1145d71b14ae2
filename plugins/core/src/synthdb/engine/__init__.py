"""The engine: executes operations on a stored database."""
