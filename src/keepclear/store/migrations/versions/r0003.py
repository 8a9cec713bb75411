"""Sealed bytes of messages lie beside the record, by their SHA-256, until they are of no use any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds a table; those that are there stay as they are."""
    op.create_table(
        "carried",
        sa.Column("digest", sa.LargeBinary(), primary_key=True, autoincrement=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
    )
    op.create_index("carried_by_until_us", "carried", ["until_us"])
