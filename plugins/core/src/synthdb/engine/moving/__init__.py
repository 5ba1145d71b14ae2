"""Moving databases between kinds of storage, table by table."""
