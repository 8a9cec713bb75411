"""What a change of an agreement concerns: every open object that depends on it.

    before, after = picture(...), picture(...)
    concerned(depending, changes(before, after))

A convoy that relied on a pause must hear of its end on the road, so a change is told to too many rather than to too few: whoever depends
on a version hears of every change for its parties, and whoever depends on a zone of every change of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from keepclear.agreements.agreement import Kept
from keepclear.agreements.in_force import Side, Standing, standing_of
from keepclear.agreements.stances import Level, Views, Words, subjects, views


class Depends(NamedTuple):
    """An open object, and what it relies on.

    version  digest of a version; "": whichever is in force
    about    id of a zone or of a channel; "": the whole"""

    object: str
    agreement: str
    version: str = ""
    about: str = ""


class What(StrEnum):
    """What is otherwise than before.

    laid      a version has been laid before the parties, or is known now
    state     a party is in another state, or is said to be
    version   another version is in force for a party
    declared  a party has declared something, whether it fits or not
    stance    a party says something else at one of its levels
    practice  somebody observes something else"""

    LAID = "laid"
    STATE = "state"
    VERSION = "version"
    DECLARED = "declared"
    STANCE = "stance"
    PRACTICE = "practice"


class Change(NamedTuple):
    """One thing that is otherwise.

    party     of which party, or by whose observation; "": of no one party
    about     id of the zone or the channel; "": of the whole
    versions  digests of the versions concerned; none: all of them
    was, now  in the words of the enumerations here, or a level and its stances"""

    agreement: str
    what: What
    party: str = ""
    about: str = ""
    versions: tuple[str, ...] = ()
    was: str = ""
    now: str = ""


class Concerned(NamedTuple):
    """An object that depends on what has changed, and all the changes that concern it."""

    object: str
    changes: tuple[Change, ...]


class Picture(NamedTuple):
    """Everything there is to an agreement at one instant, as known at another."""

    standing: Standing
    views: tuple[Views, ...]


def picture(agreement: str, kept: Iterable[Kept], at_us: int, known_at_us: int) -> Picture:
    """An agreement whole: what is in force for whom, and everybody's view of it and of each of its zones and channels."""
    facts = tuple(kept)
    named = ("", *sorted(subjects(agreement, facts, known_at_us)))
    return Picture(
        standing_of(agreement, facts, at_us, known_at_us),
        tuple(views(agreement, facts, at_us, known_at_us, about) for about in named),
    )


def changes(before: Picture, after: Picture) -> tuple[Change, ...]:
    """What is otherwise in the second picture: because time passed, because something happened, or because it is known now."""
    was, now = before.standing, after.standing
    found = [
        Change(now.agreement, What.LAID, versions=(digest,), now=digest) for digest in now.versions if digest not in was.versions
    ]  # fmt: skip
    for party in sorted(was.said.keys() | now.said.keys()):
        found += _of_party(was, now, party)
    seen, see = {one.about: one for one in before.views}, {one.about: one for one in after.views}
    for about in sorted(seen.keys() | see.keys()):
        nothing = Views(now.agreement, about, {}, {})
        found += _of_views(seen.get(about, nothing), see.get(about, nothing))
    return tuple(found)


def concerned(depending: Iterable[Depends], changed: Iterable[Change]) -> tuple[Concerned, ...]:
    """The objects that one of these changes concerns, each once, in the order given."""
    every = tuple(changed)
    found: dict[str, list[Change]] = {}
    for depends in depending:
        hits = [change for change in every if _concerns(change, depends)]
        if hits:
            held = found.setdefault(depends.object, [])
            held += [change for change in hits if change not in held]
    return tuple(Concerned(object, tuple(hits)) for object, hits in found.items())


def _concerns(change: Change, depends: Depends) -> bool:
    return (
        change.agreement == depends.agreement
        and (not depends.about or not change.about or depends.about == change.about)
        and (not depends.version or not change.versions or depends.version in change.versions)
    )


def _of_party(was: Standing, now: Standing, party: str) -> list[Change]:
    found = []
    nobody = Side()
    for sides, other in ((was.shown, now.shown), (was.said, now.said)):
        before, after = sides.get(party, nobody), other.get(party, nobody)
        if before.state is not after.state:
            found.append(Change(now.agreement, What.STATE, party, was=before.state.value, now=after.state.value))
        if before.version != after.version:
            both = tuple(digest for digest in (before.version, after.version) if digest)
            found.append(Change(now.agreement, What.VERSION, party, "", both, before.version, after.version))
        if before.declared != after.declared:
            found.append(Change(now.agreement, What.DECLARED, party, was=_declared(before), now=_declared(after)))
    return list(dict.fromkeys(found))


def _declared(side: Side) -> str:
    return "" if side.declared is None else side.declared.words


def _of_views(was: Views, now: Views) -> list[Change]:
    found = []
    for level in sorted(was.stands.keys() | now.stands.keys()):
        before, after = was.stands.get(level, Words()), now.stands.get(level, Words())
        if before != after:
            spoken = _spoken(level, before), _spoken(level, after)
            found.append(Change(now.agreement, What.STANCE, level.party, now.about, (), *spoken))
    for party in sorted(was.practice.keys() | now.practice.keys()):
        earlier = ", ".join(one.practice.value for one in was.practice.get(party, ()))
        later = ", ".join(one.practice.value for one in now.practice.get(party, ()))
        if earlier != later:
            found.append(Change(now.agreement, What.PRACTICE, party, now.about, (), earlier, later))
    return found


def _spoken(level: Level, words: Words) -> str:
    said = [position.stance.value for position in words.own]
    said += [f"{position.stance.value} (claimed)" for position in words.claimed]
    return f"{level.level}: {', '.join(said)}" if said else ""
