"""What the catalog alone bears, on SQLite and on PostgreSQL."""
