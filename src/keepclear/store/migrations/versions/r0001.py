"""The first schema."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None

# Written out, not taken from keepclear.store.schema: that is what the tables are now, this is what they were.
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
TEXT = String().with_variant(String(collation="C"), "postgresql")


def key(name: str, kind: TypeEngine[Any], *constraints: ForeignKey) -> Column[Any]:
    """A column of the primary key."""
    return Column(name, kind, *constraints, primary_key=True, autoincrement=False)


def filled(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    """A column that always has a value."""
    return Column(name, kind, nullable=False)


def upgrade() -> None:
    """Makes the tables of an empty database."""
    op.create_table(
        "entry",
        key("sequence", NUMBER),
        filled("at_us", BigInteger()),
        filled("kind", TEXT),
        filled("by", TEXT),
        filled("exercise", Boolean()),
        filled("body_hash", LargeBinary()),
        filled("outcome_hash", LargeBinary()),
    )
    op.create_index("entry_by_at_us", "entry", ["at_us"])
    op.create_table("body", key("sequence", NUMBER, ForeignKey("entry.sequence")), filled("bytes", LargeBinary()))
    op.create_table("outcome", key("sequence", NUMBER, ForeignKey("entry.sequence")), filled("bytes", LargeBinary()))
    op.create_table("tile", key("level", Integer()), key("index", BigInteger()), filled("bytes", LargeBinary()))
    op.create_table(
        "checkpoint",
        key("size", NUMBER),
        filled("epoch", BigInteger()),
        filled("at_us", BigInteger()),
        filled("note", TEXT),
    )
    op.create_table(
        "snapshot", key("size", NUMBER), filled("digest", TEXT), filled("build", TEXT), filled("bytes", LargeBinary())
    )
    op.create_table("sealed", key("hash", TEXT), Column("salt", LargeBinary()), Column("bytes", LargeBinary()))
    op.create_table(
        "answered",
        key("user", TEXT),
        key("key", TEXT),
        filled("request_hash", TEXT),
        filled("status", Integer()),
        filled("body", LargeBinary()),
        filled("at_us", BigInteger()),
    )
    op.create_index("answered_by_at_us", "answered", ["at_us"])
    op.create_table(
        "access",
        Column("id", NUMBER, primary_key=True),
        filled("at_us", BigInteger()),
        filled("user", TEXT),
        filled("party", TEXT),
        filled("action", TEXT),
        filled("object_kind", TEXT),
        filled("object_id", TEXT),
        filled("owner", TEXT),
    )
    op.create_index("access_by_owner", "access", ["owner", "id"])
    op.create_index("access_by_at_us", "access", ["at_us"])
    op.create_table("mark", key("name", TEXT), filled("text", TEXT))
    views()


def views() -> None:
    """The tables that can be made again from the record."""
    op.create_table(
        "presence_change",
        key("sequence", BigInteger()),
        key("index", BigInteger()),
        filled("exercise", Boolean()),
        filled("seq", BigInteger()),
        filled("subject", TEXT),
        filled("zone", TEXT),
        filled("seen_at_us", BigInteger()),
        filled("known_from_us", BigInteger()),
        Column("known_until_us", BigInteger()),
        filled("was", TEXT),
        filled("now", TEXT),
    )
    op.create_index("presence_change_by_zone", "presence_change", ["exercise", "zone", "subject", "seen_at_us"])
    op.create_index("presence_change_by_seq", "presence_change", ["exercise", "seq"])
    op.create_index("presence_change_by_subject", "presence_change", ["exercise", "subject", "seen_at_us"])
    op.create_table(
        "alert",
        key("sequence", BigInteger()),
        key("index", BigInteger()),
        filled("exercise", Boolean()),
        filled("key", TEXT),
        filled("urgency", TEXT),
        filled("subject", TEXT),
        filled("zone", TEXT),
        filled("feed", TEXT),
        filled("raised_at_us", BigInteger()),
        filled("last_at_us", BigInteger()),
        filled("repeats", BigInteger()),
        filled("state", TEXT),
        filled("assigned_to", TEXT),
        filled("line", TEXT),
    )
    op.create_index("alert_by_state", "alert", ["exercise", "state", "sequence", "index"])
    op.create_table(
        "alert_step",
        key("sequence", BigInteger()),
        key("index", BigInteger()),
        filled("alert_sequence", BigInteger()),
        filled("alert_index", BigInteger()),
        filled("at_us", BigInteger()),
        filled("by", TEXT),
        filled("state", TEXT),
        filled("words", TEXT),
        filled("to", TEXT),
    )
    op.create_index("alert_step_by_alert", "alert_step", ["alert_sequence", "alert_index"])
    op.create_table(
        "zone_version",
        key("exercise", Boolean()),
        key("zone", TEXT),
        key("sequence", BigInteger()),
        filled("version", BigInteger()),
        filled("known_from_us", BigInteger()),
        Column("known_until_us", BigInteger()),
        filled("text", TEXT),
    )
    op.create_table(
        "track_segment",
        key("exercise", Boolean()),
        key("subject", TEXT),
        key("feed", TEXT),
        key("sequence", BigInteger()),
        key("number", BigInteger()),
        filled("first_seen_us", BigInteger()),
        filled("last_seen_us", BigInteger()),
        filled("count", BigInteger()),
        filled("bytes", LargeBinary()),
    )
    op.create_index("track_segment_by_window", "track_segment", ["exercise", "subject", "last_seen_us"])
    op.create_table("view_progress", key("name", TEXT), filled("sequence", BigInteger()))
