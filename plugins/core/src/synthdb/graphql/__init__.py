"""The GraphQL interface: schemas made from catalogs, and operations answered by plans of host operations."""
