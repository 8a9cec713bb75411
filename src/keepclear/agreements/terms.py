"""What a zone's terms fix: who may be where, how presence is concluded from reports, when to speak up.

Attribution is a claim. Being permitted needs one that is sure enough and uncontradicted; everybody else counts
as not permitted, and the reason says which doubt it was. "Permitted" means the terms foresee this presence:
it is never leave given by this software.
"""

from __future__ import annotations

from dataclasses import dataclass

from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window

CONFIDENCE_MIN = 0.8
PERSISTENCE_MAX = 64


@dataclass(frozen=True)
class PresenceTerms:
    """How evidence becomes a state. Without options: one report suffices either way, and nobody is ever lost.

    m, n             towards the zone: m of the last n reports must say so
    margin_mm        away from it: farther than this beyond the line crossed
    hold_us          away from it: for at least this long
    silent_after_us  unheard of for longer than this and able to have reached the zone: lost; None: never
    """

    m: int = 1
    n: int = 1
    margin_mm: int = 0
    hold_us: int = 0
    silent_after_us: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.m <= self.n <= PERSISTENCE_MAX:
            raise Refused(
                "presence.m_of_n",
                f"m of n needs 1 <= m <= n <= {PERSISTENCE_MAX}",
                value=f"{self.m} of {self.n}",
                mend="For example 2 of 3.",
            )


@dataclass(frozen=True)
class Notice:
    """A prior notice on file: who gave notice is known from the entry it stands in; it covers `window`."""

    window: Window
    reference: str = ""


@dataclass(frozen=True)
class Entry:
    """One party that the terms let be somewhere: "inside" the zone or only in its "band"; with prior notice or without."""

    party: str
    where: str = "inside"
    notices: tuple[Notice, ...] | None = None

    def __post_init__(self) -> None:
        if self.where not in {"inside", "band"}:
            raise Refused(
                "may_enter.where",
                "Where the party may be is not understood",
                value=self.where,
                mend='Write "inside" or "band".',
            )


@dataclass(frozen=True)
class Permission:
    """Whether the terms foresee a presence, and why: a key, and the words that go with it."""

    permitted: bool
    why: str
    party: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Attributed:
    """What is held about whose a subject is: every party it has been said to be, with the surest confidence (None: not stated)."""

    parties: tuple[tuple[str, float | None], ...] = ()

    @property
    def sure_party(self) -> str | None:
        """The party, where exactly one has been named, surely enough to rely on."""
        if len(self.parties) != 1:
            return None
        party, confidence = self.parties[0]
        return None if confidence is not None and confidence < CONFIDENCE_MIN else party


NOBODY = Attributed()
_UNATTRIBUTED = Permission(False, "unattributed")


def permission(entries: tuple[Entry, ...], attributed: Attributed, where: str, at_us: int) -> Permission:
    """Whether these entries let the subject be `where` ("inside" or "band") at `at_us`."""
    if not attributed.parties:
        return _UNATTRIBUTED
    if len(attributed.parties) > 1:
        return Permission(False, "attribution_contradicted", detail=", ".join(party for party, _ in attributed.parties))
    party, confidence = attributed.parties[0]
    applying = [entry for entry in entries if entry.party == party and where in {entry.where, "band"}]
    if not applying:
        return Permission(False, "not_in_terms", party)
    if confidence is not None and confidence < CONFIDENCE_MIN:
        return Permission(False, "attribution_doubtful", party, f"{confidence:g}")
    if any(entry.notices is None for entry in applying):
        return Permission(True, "in_terms", party)
    for entry in applying:
        for notice in entry.notices or ():
            if notice.window.contains(at_us):
                return Permission(True, "notice_given", party, notice.reference)
    return Permission(False, "no_notice", party)
