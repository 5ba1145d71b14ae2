"""PostgreSQL: a driver that takes the statements of the engine, functions that they call, connections and the lock."""
