"""What an alert says: a key, and the parameters that a sentence in any language is made of.

    approach            on course for the zone, or came within its band: time to the edge as a range
    entered             inside, and not foreseen by the terms
    dwell               inside for longer than the terms allow
    left                no longer inside
    lost                silent for too long, and able to have reached the zone by now
    found               heard of again
    was_inside          a late report tells of a stay inside that nobody was told of
    no_longer_foreseen  inside or close as the terms foresaw, and now they do not: attribution or notice has changed

The alerts of patterns (massing, circling, patrol, closing, unobserved, unheard, unmanned, and what ends them) are made in
`keepclear.watch.patterns`.

Distances are metres, durations seconds, instants microseconds UTC, as the names say. A parameter that is not
known is left out or None, never zero.
"""

from __future__ import annotations

from keepclear.agreements.terms import Permission
from keepclear.watch.approach import TimeToEdge
from keepclear.watch.events import Parameter, Presence
from keepclear.watch.presence import Sight

Params = dict[str, Parameter]


def of_presence(said: Presence) -> Params:
    """What an alert about a change of presence says."""
    count = said.claim.count
    params: Params = {"what": said.what, "cause": str(said.cause), "seen_at_us": said.seen_at_us}
    params |= of_sight(said.sight) | doubt(said.permission)
    if said.error_assumed:
        params["error_assumed"] = True
    if said.source:
        params["source"] = said.source
    if said.claim.grading:
        params["grading"] = said.claim.grading
    if count is not None:
        params |= {"count_min": count.low, "count_max": count.high, "count_words": count.as_entered}
    if said.flags:
        params["flags"] = ", ".join(said.flags)
    return params


def of_sight(sight: Sight) -> Params:
    """How far from the edge (a range for an area report), and how likely inside."""
    params: Params = {"p_inside": sight.p_inside_e4 / 10_000}
    if sight.edge_mm is not None:
        params["edge_m"] = sight.edge_mm / 1000
        if sight.edge_far_mm != sight.edge_mm and sight.edge_far_mm is not None:
            params["edge_far_m"] = sight.edge_far_mm / 1000
    return params


def doubt(allowed: Permission) -> Params:
    """Why the terms do not foresee this presence, or that they do."""
    params: Params = {"why": allowed.why}
    if allowed.party:
        params["party"] = allowed.party
    if allowed.detail:
        params["detail"] = allowed.detail
    return params


def ahead(found: TimeToEdge | None) -> Params:
    """Time to the edge from the last report, soonest to latest; latest None: it may pass by."""
    if found is None:
        return {}
    return {
        "soonest_s": round(found.soonest_s),
        "expected_s": round(found.expected_s),
        "latest_s": None if found.latest_s is None else round(found.latest_s),
    }
