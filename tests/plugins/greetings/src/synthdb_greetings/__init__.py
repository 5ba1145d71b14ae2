"""A plugin for tests: fields of GraphQL that greet, count, and fail."""
