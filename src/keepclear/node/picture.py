"""Where everybody is, for those who look on: what has changed since a reader was told last, and only that.

    picture, view = pictures.of(node, user, exercise, at_us)
    changes = view.since(version)   # what a reader lacks that was told of this version; None: it has nothing yet
    version = view.version

A reader keeps its view and the version that it was told last, and nothing else: one that lags is told what is so now, whatever came
between. Everybody with the same party, role and clearance has the same view. Columns are by the number that the watch has for a subject.
Nothing here is part of the state of the node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import is_not
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from keepclear.geo.shapes import Shape
from keepclear.node.node import Node
from keepclear.node.side import Side
from keepclear.parties.membership import Membership
from keepclear.parties.parties import Access, Action, Role, Sensitivity, User, may
from keepclear.tracks.observations import Claim
from keepclear.watch.holdings import NEWEST_COLUMNS, STATES, States
from keepclear.watch.presence import State

TRACKS_MAX = 50_000
NO_TRACK = -1
# What is compared as numbers; the others are numbers into tables, which change.
_MEASURED = NEWEST_COLUMNS[:-3]
_NOBODY = np.zeros(0, np.int64)

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
# Each name with the feed that says it.
Names = tuple[tuple[str, str], ...]


class Eye(NamedTuple):
    """What decides what somebody may see."""

    exercise: bool
    party: str
    role: Role
    clearance: Sensitivity


class Changes(NamedTuple):
    """What a reader is told: numbers of subjects, ascending.

    whole     it has nothing yet
    about     those that it does not have, or of whom something else is said now than where they are
    moved     those whose newest report is another
    standing  those who stand towards zones otherwise than before
    gone      those that it sees no more"""

    whole: bool
    about: Numbers
    moved: Numbers
    standing: Numbers
    gone: Numbers

    def __bool__(self) -> bool:
        return self.whole or any(map(len, self[1:]))


class SidePicture:
    """The newest of all subjects of one side, and in which version each was changed last.

    version    how often it was renewed
    at_us      when it was looked at last, and `size`: entries of the record that it rests on
    subjects   names by number; `reported`: whether they have reported
    columns    of the newest reports, what is measured
    sources, claims, areas, feeds, names  by subject
    feed_sets  combinations of feeds that there are, and `feed_set` the place of each subject's among them
    zone_ids   by the number that the watch has for a zone"""

    def __init__(self) -> None:
        self.version = 0
        self.at_us = 0
        self.size = -1
        self.assumed_error_m = 0.0
        self.subjects: Sequence[str] = ()
        self.reported: Flags = np.zeros(0, np.bool_)
        self.columns: dict[str, npt.NDArray[Any]] = dict.fromkeys(_MEASURED, _NOBODY)
        self.sources: list[str] = []
        self.claims: list[Claim] = []
        self.areas: list[Shape | None] = []
        self.feeds: list[tuple[str, ...]] = []
        self.names: list[Names] = []
        self.states = States(_NOBODY, _NOBODY, _NOBODY)
        self.zone_ids: list[str] = []
        self.moved_at = self.about_at = self.feed_set = _NOBODY
        self.feed_sets: list[tuple[str, ...]] = []
        self._feed_set_numbers: dict[tuple[str, ...], int] = {}
        self._tables: dict[str, tuple[Sequence[Any], npt.NDArray[Any]]] = {}
        self._news = -1

    def renew(self, side: Side, size: int, at_us: int) -> None:
        """Looks at the side as it stands at this instant, after so many entries."""
        self.at_us = at_us
        if size == self.size:
            return
        self.size, self.version = size, self.version + 1
        self.assumed_error_m = side.watch.assumed_error_m
        newest = side.watch.newest_in_columns()
        count, before = len(newest.reported), len(self.reported)
        self.moved_at, self.about_at, self.feed_set = (
            np.append(column, np.zeros(count - before, np.int64))
            for column in (self.moved_at, self.about_at, self.feed_set)
        )
        moved = newest.reported.copy()
        moved[:before] &= ~self.reported
        about = moved.copy()
        for name in _MEASURED:
            moved[:before] |= newest.columns[name][:before] != self.columns[name]
            self.columns[name] = newest.columns[name]
        moved |= self._turn("areas", (*newest.areas, None), newest.areas, newest.columns["area"])
        about |= self._turn("sources", newest.sources, newest.sources, newest.columns["source"])
        about |= self._turn("claims", newest.claims, newest.claims, newest.columns["claim"])
        self.subjects, self.reported = newest.subjects, newest.reported
        other_feeds = self._look_at_feeds(side, count)
        if other_feeds.any() or side.names.news != self._news:
            about |= self._look_at_names(side, count)
        self.moved_at[moved & self.reported] = self.version
        self.about_at[(about | other_feeds) & self.reported] = self.version
        self.states = side.watch.states_in_columns()
        if len(self.zone_ids) != len(side.watch.atlas.zones):
            self.zone_ids = [zone.id for zone in side.watch.atlas.zones]

    def _turn(self, name: str, items: Sequence[Any], table: Sequence[Any], numbers: npt.NDArray[Any]) -> Flags:
        """Takes what each subject has of a table, and says where that is another; `items`: the table, with what -1 stands for at its end."""
        held, held_numbers = self._tables.get(name, (None, numbers))
        self._tables[name] = table, numbers
        # A table grows, or is another one.
        if table is held and np.array_equal(numbers, held_numbers):
            return np.zeros(len(numbers), np.bool_)
        found = list(map(items.__getitem__, numbers.tolist())) if items else [None] * len(numbers)
        others = _others(getattr(self, name), found)
        setattr(self, name, found)
        return others

    def _look_at_feeds(self, side: Side, count: int) -> Flags:
        found = [side.feeds_of.get(subject, ()) for subject in self.subjects[:count]]
        others = _others(self.feeds, found)
        others[len(self.feeds) :] = True
        self.feeds = found
        for place in np.flatnonzero(others).tolist():
            number = self._feed_set_numbers.setdefault(found[place], len(self.feed_sets))
            if number == len(self.feed_sets):
                self.feed_sets.append(found[place])
            self.feed_set[place] = number
        return others

    def _look_at_names(self, side: Side, count: int) -> Flags:
        self._news = side.names.news
        found = [
            tuple((name, feed) for feed, name in side.names_of(subject).items()) for subject in self.subjects[:count]
        ]
        others = _others(self.names, found)
        self.names = found
        return others


class View:
    """What one eye sees of a picture.

    visible  by number of the subject
    track    by number of the subject, a number that counts up as they come into sight, and stays theirs
    left_off how many are not in it because it has as many as there may be
    concerned  whose feeds and zones what is seen rests on
    told     what was made of it for readers of some version, to be used again; it lasts until the picture is renewed"""

    def __init__(self, eye: Eye) -> None:
        self.version = 0
        self.visible: Flags = np.zeros(0, np.bool_)
        self.track = _NOBODY
        self.left_off = 0
        self.concerned: tuple[Access, ...] = ()
        self.told: dict[int | None, bytes] = {}
        self.states = States(_NOBODY, _NOBODY, _NOBODY)
        self._told_at_us = 0
        self._user = User("", eye.party, eye.role, eye.clearance)
        self._tracks = 0
        self._shown_at = self._gone_at = self._standing_at = _NOBODY
        self._sees_sets: Flags = np.zeros(0, np.bool_)
        self._sees_zones: Flags = np.zeros(0, np.bool_)
        self._picture = SidePicture()

    def is_of(self, picture: SidePicture, members: Membership) -> bool:
        """Whether this is what may be seen just now of this version of the picture."""
        return (
            self.version == picture.version
            and np.array_equal(self._sees_sets, self._sets(picture, members))
            and np.array_equal(self._sees_zones, self._zones(picture, members))
        )

    def renew(self, picture: SidePicture, members: Membership) -> None:
        """Looks at the picture with what may be seen of it now."""
        if picture.at_us != self._told_at_us:
            self.told, self._told_at_us = {}, picture.at_us
        if self.is_of(picture, members):
            return
        self.told = {}
        self._picture, self.version = picture, picture.version
        self._sees_sets, self._sees_zones = self._sets(picture, members), self._zones(picture, members)
        new = len(picture.reported) - len(self.visible)
        before = np.append(self.visible, np.zeros(new, np.bool_))
        self.track = np.append(self.track, np.full(new, NO_TRACK))
        self._shown_at, self._gone_at, self._standing_at = (
            np.append(column, np.zeros(new, np.int64)) for column in (self._shown_at, self._gone_at, self._standing_at)
        )
        self.visible = picture.reported & self._sees_sets[picture.feed_set]
        beyond = np.flatnonzero(self.visible)[TRACKS_MAX:]
        self.visible[beyond], self.left_off = False, len(beyond)
        self._shown_at[self.visible & ~before] = self.version
        self._gone_at[before & ~self.visible] = self.version
        unnumbered = np.flatnonzero(self.visible & (self.track == NO_TRACK))
        self.track[unnumbered] = np.arange(self._tracks, self._tracks + len(unnumbered))
        self._tracks += len(unnumbered)
        self._look_at_states(picture)
        self._note_concerned(picture, members)

    def since(self, version: int | None) -> Changes:
        """What a reader is told that was told of this version; None: it has nothing."""
        if version is None:
            seen = np.flatnonzero(self.visible)
            return Changes(True, seen, seen, np.unique(self.states.subject), _NOBODY)
        new, picture = self._shown_at > version, self._picture
        about, moved, standing = (
            np.flatnonzero(self.visible & (new | (changed_at > version)))
            for changed_at in (picture.about_at, picture.moved_at, self._standing_at)
        )
        # Who comes into sight and stands nowhere in particular needs no word of it.
        standing = standing[(self._standing_at[standing] > version) | np.isin(standing, self.states.subject)]
        return Changes(False, about, moved, standing, np.flatnonzero(~self.visible & (self._gone_at > version)))

    def states_of(self, subjects: Numbers) -> list[list[tuple[str, State]]]:
        """For each of these subjects the ids of zones and how it stands towards them."""
        first = np.searchsorted(self.states.subject, subjects).tolist()
        last = np.searchsorted(self.states.subject, subjects, side="right").tolist()
        zones, states, ids = self.states.zone.tolist(), self.states.state.tolist(), self._picture.zone_ids
        return [
            [(ids[zones[place]], STATES[states[place]]) for place in range(begin, end)]
            for begin, end in zip(first, last, strict=True)
        ]

    def _look_at_states(self, picture: SidePicture) -> None:
        states = picture.states
        seen = self.visible[states.subject] & np.isin(states.zone, np.unique(states.zone)[self._sees_zones])
        now = States(*(column[seen] for column in states))
        others = np.setxor1d(_keys(self.states), _keys(now), assume_unique=True)
        self._standing_at[others >> _ZONE_AND_STATE_BITS] = self.version
        self.states = now

    def _note_concerned(self, picture: SidePicture, members: Membership) -> None:
        sets = [picture.feed_sets[number] for number in np.unique(picture.feed_set[self.visible]).tolist()]
        zones = {picture.zone_ids[number] for number in np.unique(self.states.zone).tolist()}
        feeds = [members.access_of("feed", feed) for feed in sorted({feed for one in sets for feed in one})]
        self.concerned = (*feeds, *(members.access_of("zone", zone) for zone in sorted(zones)))

    def _sets(self, picture: SidePicture, members: Membership) -> Flags:
        """Which combinations of feeds may be seen: who was reported by one that may not, may not either."""
        return self._sees(members.concerned(subject="-", feeds=feeds) for feeds in picture.feed_sets)

    def _zones(self, picture: SidePicture, members: Membership) -> Flags:
        """Which of the zones may be seen that anybody stands towards."""
        numbers = np.unique(picture.states.zone).tolist()
        return self._sees((members.access_of("zone", picture.zone_ids[number]),) for number in numbers)

    def _sees(self, concerned: Iterable[tuple[Access, ...]]) -> Flags:
        return np.array([bool(may(self._user, Action.EXPORT, *one)) for one in concerned], np.bool_)


class Pictures:
    """The pictures of both sides, and the views of those who look on just now."""

    def __init__(self) -> None:
        self._sides = {exercise: SidePicture() for exercise in (False, True)}
        self._views: WeakValueDictionary[Eye, View] = WeakValueDictionary()
        self._turns: dict[bool, int] = {}

    def of(
        self, node: Node, user: User, exercise: bool, at_us: int, *, turn: int | None = None
    ) -> tuple[SidePicture, View]:
        """The picture of a side and what this user sees of it.

        turn  all who ask in one turn are shown the same picture, but never what they may not see any more; None: as it is now"""
        picture, eye = self._sides[exercise], Eye(exercise, user.party, user.role, user.clearance)
        view = self._views.get(eye)
        if view is None:
            self._views[eye] = view = View(eye)
        is_same_turn = turn is not None and turn == self._turns.get(exercise)
        if not is_same_turn or (view.version == picture.version and not view.is_of(picture, node.members)):
            picture.renew(node.side(exercise), node.sequence, at_us)
        if turn is not None:
            self._turns[exercise] = turn
        view.renew(picture, node.members)
        return picture, view


_STATE_BITS = 2
_ZONE_AND_STATE_BITS = 32 + _STATE_BITS


def _keys(states: States) -> Numbers:
    """A number for each, by which they are in order."""
    return (states.subject << _ZONE_AND_STATE_BITS) | (states.zone << _STATE_BITS) | states.state


def _others(before: Sequence[Any], now: Sequence[Any]) -> Flags:
    """Where something else stands than before; where nothing stood, nothing does."""
    others = np.zeros(len(now), np.bool_)
    others[: len(before)] = np.fromiter(map(is_not, before, now), np.bool_, len(before))
    for place in np.flatnonzero(others).tolist():
        others[place] = before[place] != now[place]
    return others
