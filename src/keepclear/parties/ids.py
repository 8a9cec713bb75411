"""Ids that are chosen outside: of parties, users, tokens, feeds and zones."""

from __future__ import annotations

import re

from keepclear.ground.errors import Refused

ID_CHARS_MAX = 64
_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def id_checked(chosen: str, where: str) -> str:
    """The id, if it is one: lower-case letters, digits, dots and dashes, at most 64, first and last no dot or dash.

    Raises `Refused` with `where`."""
    if len(chosen) > ID_CHARS_MAX or not _ID.fullmatch(chosen):
        mend = f"Use lower-case letters, digits, dots and dashes, at most {ID_CHARS_MAX}: for example ais-1."
        raise Refused("id.unusable", "This cannot be an id", value=chosen, mend=mend, where=where)
    return chosen
