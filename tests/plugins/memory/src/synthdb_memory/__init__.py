"""A storage backend that keeps databases in memory: the oracle of the storage conformance suite."""
