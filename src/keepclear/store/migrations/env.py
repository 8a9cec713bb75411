"""Run by alembic: the revisions go over the connection and inside the transaction of whoever asked."""

from __future__ import annotations

from alembic import context

from keepclear.store.schema import metadata


def run() -> None:
    """Brings the tables up to date, as `keepclear.store.opening.upgrade` asks for."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    context.run_migrations()


# Alembic runs this file by its path; whoever imports it by its name only wants to look.
if __name__ == "env_py":
    run()
