"""The disk under a node: SQLite or PostgreSQL through one writer."""
