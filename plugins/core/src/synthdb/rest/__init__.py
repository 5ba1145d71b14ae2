"""The REST generator: PostgREST's grammar in, operations out, and results as JSON, CSV or NDJSON."""
