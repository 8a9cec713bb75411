"""The tables of the store, as they are now; how they came to be so is in `migrations/versions`.

    the record   entry, body, outcome   what was committed; a body or an outcome may be dropped, an entry never
                 tile                   the tree over the entries
                 checkpoint             what was signed
    beside it    snapshot               the whole state after so many entries
                 sealed                 personal data, by its salted hash; may be erased
                 carried                sealed bytes of messages, by their SHA-256
                 answered               answers to requests with an idempotency key
                 password               what a user's password hashes to, with argon2id
                 invitation             codes with which users choose a password, by their SHA-256
                 session                who is signed in, by the SHA-256 of what their browser holds
                 access                 who read what of another party
                 mark                   what this database is: a copy, a half copy
    views        presence_change, alert, alert_step, zone_version, track_segment, view_progress

Views are folds of the record: they can be dropped and made again. Instants are microseconds UTC, in columns named `_us`. Texts
sort by their bytes in UTF-8 on every database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeEngine

# The newest revision in migrations/versions. It counts up, so that an older program knows a newer database.
REVISION = "0004"
APPLICATION_ID = 0x4B434C52  # "KCLR", in the header of an SQLite file

# SQLite makes the number of the row itself the key where the type is INTEGER, and nowhere else.
Number = BigInteger().with_variant(Integer(), "sqlite")
# PostgreSQL would sort texts by the language of its cluster.
Text = String().with_variant(String(collation="C"), "postgresql")
Bytes = LargeBinary()

metadata = MetaData()


def _key(name: str, kind: TypeEngine[Any], *constraints: ForeignKey) -> Column[Any]:
    return Column(name, kind, *constraints, primary_key=True, autoincrement=False)


def _filled(name: str, kind: TypeEngine[Any], *constraints: ForeignKey) -> Column[Any]:
    return Column(name, kind, *constraints, nullable=False)


def _open(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=True)


# --- the record ---

entry = Table(
    "entry",
    metadata,
    _key("sequence", Number),
    _filled("at_us", BigInteger()),
    _filled("kind", Text),
    _filled("by", Text),
    _filled("exercise", Boolean()),
    _filled("body_hash", Bytes),
    _filled("outcome_hash", Bytes),
    Index("entry_by_at_us", "at_us"),
)
body = Table("body", metadata, _key("sequence", Number, ForeignKey("entry.sequence")), _filled("bytes", Bytes))
# Only outcomes of at least one line have a row.
outcome = Table("outcome", metadata, _key("sequence", Number, ForeignKey("entry.sequence")), _filled("bytes", Bytes))
tile = Table("tile", metadata, _key("level", Integer()), _key("index", BigInteger()), _filled("bytes", Bytes))
checkpoint = Table(
    "checkpoint",
    metadata,
    _key("size", Number),
    _filled("epoch", BigInteger()),
    _filled("at_us", BigInteger()),
    _filled("note", Text),
)

# --- beside it ---

snapshot = Table(
    "snapshot",
    metadata,
    _key("size", Number),
    _filled("digest", Text),
    _filled("build", Text),
    _filled("bytes", Bytes),
)
sealed = Table("sealed", metadata, _key("hash", Text), _open("salt", Bytes), _open("bytes", Bytes))
carried = Table(
    "carried",
    metadata,
    _key("digest", Bytes),
    _filled("until_us", BigInteger()),
    _filled("bytes", Bytes),
    Index("carried_by_until_us", "until_us"),
)
answered = Table(
    "answered",
    metadata,
    _key("user", Text),
    _key("key", Text),
    _filled("request_hash", Text),
    _filled("status", Integer()),
    _filled("body", Bytes),
    _filled("at_us", BigInteger()),
    Index("answered_by_at_us", "at_us"),
)
access = Table(
    "access",
    metadata,
    Column("id", Number, primary_key=True),
    _filled("at_us", BigInteger()),
    _filled("user", Text),
    _filled("party", Text),
    _filled("action", Text),
    _filled("object_kind", Text),
    _filled("object_id", Text),
    _filled("owner", Text),
    Index("access_by_owner", "owner", "id"),
    Index("access_by_at_us", "at_us"),
)
password = Table("password", metadata, _key("user", Text), _filled("hash", Text), _filled("set_at_us", BigInteger()))
invitation = Table(
    "invitation",
    metadata,
    _key("user", Text),
    _filled("code_hash", Text),
    _filled("by", Text),
    _filled("until_us", BigInteger()),
)
session = Table(
    "session",
    metadata,
    _key("token_hash", Text),
    _filled("id", Text),
    _filled("user", Text),
    _filled("address", Text),
    _filled("began_at_us", BigInteger()),
    _filled("seen_at_us", BigInteger()),
)
mark = Table("mark", metadata, _key("name", Text), _filled("text", Text))

# --- views ---

presence_change = Table(
    "presence_change",
    metadata,
    _key("sequence", BigInteger()),
    _key("index", BigInteger()),
    _filled("exercise", Boolean()),
    _filled("seq", BigInteger()),
    _filled("subject", Text),
    _filled("zone", Text),
    _filled("seen_at_us", BigInteger()),
    _filled("known_from_us", BigInteger()),
    _open("known_until_us", BigInteger()),
    _filled("was", Text),
    _filled("now", Text),
    Index("presence_change_by_zone", "exercise", "zone", "subject", "seen_at_us"),
    Index("presence_change_by_seq", "exercise", "seq"),
    Index("presence_change_by_subject", "exercise", "subject", "zone", "seen_at_us"),
)
alert = Table(
    "alert",
    metadata,
    _key("sequence", BigInteger()),
    _key("index", BigInteger()),
    _filled("exercise", Boolean()),
    _filled("key", Text),
    _filled("urgency", Text),
    _filled("subject", Text),
    _filled("zone", Text),
    _filled("feed", Text),
    _filled("raised_at_us", BigInteger()),
    _filled("last_at_us", BigInteger()),
    _filled("repeats", BigInteger()),
    _filled("state", Text),
    _filled("assigned_to", Text),
    _filled("line", Text),
    Index("alert_by_state", "exercise", "state", "sequence", "index"),
)
alert_step = Table(
    "alert_step",
    metadata,
    _key("sequence", BigInteger()),
    _key("index", BigInteger()),
    _filled("alert_sequence", BigInteger()),
    _filled("alert_index", BigInteger()),
    _filled("at_us", BigInteger()),
    _filled("by", Text),
    _filled("state", Text),
    _filled("words", Text),
    _filled("to", Text),
    Index("alert_step_by_alert", "alert_sequence", "alert_index"),
)
zone_version = Table(
    "zone_version",
    metadata,
    _key("exercise", Boolean()),
    _key("zone", Text),
    _key("sequence", BigInteger()),
    _filled("version", BigInteger()),
    _filled("known_from_us", BigInteger()),
    _open("known_until_us", BigInteger()),
    _filled("text", Text),
)
track_segment = Table(
    "track_segment",
    metadata,
    _key("exercise", Boolean()),
    _key("subject", Text),
    _key("feed", Text),
    _key("sequence", BigInteger()),
    _key("number", BigInteger()),
    _filled("first_seen_us", BigInteger()),
    _filled("last_seen_us", BigInteger()),
    _filled("count", BigInteger()),
    _filled("bytes", Bytes),
    Index("track_segment_by_window", "exercise", "subject", "last_seen_us"),
)
view_progress = Table("view_progress", metadata, _key("name", Text), _filled("sequence", BigInteger()))

SIGN_IN = {table.name: table for table in (password, invitation, session)}
VIEWS = {
    table.name: table for table in (alert, alert_step, presence_change, track_segment, zone_version, view_progress)
}
