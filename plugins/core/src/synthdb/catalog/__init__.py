"""The catalog: which tables and columns exist, under which names, and where they lie in the file."""
