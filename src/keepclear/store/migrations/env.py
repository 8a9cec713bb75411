"""Run by alembic: the revisions go over the connection and inside the transaction of whoever asked."""

from __future__ import annotations

from alembic import context

from keepclear.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
