"""SQL of users on PostgreSQL."""
