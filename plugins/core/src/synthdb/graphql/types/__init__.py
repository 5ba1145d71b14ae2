"""The types of a generated schema, one module for each kind."""
