"""How people sign in lies beside the record: hashes of passwords, invitations, and who is signed in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds three tables; those that are there stay as they are."""
    op.create_table("password", key("user"), filled("hash"), filled("set_at_us", sa.BigInteger()))
    op.create_table("invitation", key("user"), filled("code_hash"), filled("by"), filled("until_us", sa.BigInteger()))
    op.create_table(
        "session",
        key("token_hash"),
        filled("id"),
        filled("user"),
        filled("address"),
        filled("began_at_us", sa.BigInteger()),
        filled("seen_at_us", sa.BigInteger()),
    )


def key(name: str) -> Any:
    """The column by which a row is found."""
    return sa.Column(name, TEXT, primary_key=True, autoincrement=False)


def filled(name: str, kind: Any = TEXT) -> Any:
    """A column that always has a value."""
    return sa.Column(name, kind, nullable=False)
