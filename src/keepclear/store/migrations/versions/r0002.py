"""Presence of a subject is found zone by zone, so that a page of who was where reads its own rows and no others."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Replaces one index; the tables stay as they are."""
    op.drop_index("presence_change_by_subject", "presence_change")
    op.create_index("presence_change_by_subject", "presence_change", ["exercise", "subject", "zone", "seen_at_us"])
