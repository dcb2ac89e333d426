"""Numbered Alembic migrations; each runs on SQLite and on PostgreSQL alike. Facts are never migrated."""
