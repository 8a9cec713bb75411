"""Keepclear keeps parties who share a space, but not a command, from colliding by accident.

This is the watch: positions and zones in; who is where, and what changed, out. Public names are loaded when
they are first used, so that `keepclear --help` does not wait for numpy, and hardly anything is loaded before the command
can be stopped in good order.
"""

from __future__ import annotations

from keepclear.cli import cache_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keepclear.agreements.atlas import Atlas as Atlas
    from keepclear.agreements.atlas import Zone as Zone
    from keepclear.agreements.terms import Entry as Entry
    from keepclear.agreements.terms import Notice as Notice
    from keepclear.agreements.terms import PresenceTerms as PresenceTerms
    from keepclear.feeds.zones import load_zones as load_zones
    from keepclear.geo.shapes import Circle as Circle
    from keepclear.geo.shapes import Corridor as Corridor
    from keepclear.geo.shapes import Polygon as Polygon
    from keepclear.geo.shapes import Sector as Sector
    from keepclear.geo.volumes import HeightBand as HeightBand
    from keepclear.ground.errors import KeepclearError as KeepclearError
    from keepclear.ground.errors import LimitExceeded as LimitExceeded
    from keepclear.ground.errors import Refused as Refused
    from keepclear.ground.instants import Window as Window
    from keepclear.tracks.observations import Attribution as Attribution
    from keepclear.tracks.observations import Claim as Claim
    from keepclear.tracks.observations import Observations as Observations
    from keepclear.tracks.tables import observations_of as observations_of
    from keepclear.watch.events import Alert as Alert
    from keepclear.watch.events import Correction as Correction
    from keepclear.watch.events import Events as Events
    from keepclear.watch.events import Presence as Presence
    from keepclear.watch.presence import State as State
    from keepclear.watch.watch import Watch as Watch

_ROOM_OF = {
    "Alert": "watch.events", "Atlas": "agreements.atlas", "Attribution": "tracks.observations", "Circle": "geo.shapes",
    "Claim": "tracks.observations", "Correction": "watch.events", "Corridor": "geo.shapes", "Entry": "agreements.terms",
    "Events": "watch.events", "HeightBand": "geo.volumes", "KeepclearError": "ground.errors", "LimitExceeded": "ground.errors",
    "Notice": "agreements.terms", "Observations": "tracks.observations", "Polygon": "geo.shapes", "Presence": "watch.events",
    "PresenceTerms": "agreements.terms", "Refused": "ground.errors", "Sector": "geo.shapes", "State": "watch.presence",
    "Watch": "watch.watch", "Window": "ground.instants", "Zone": "agreements.atlas", "load_zones": "feeds.zones",
    "observations_of": "tracks.tables",
}  # fmt: skip
__all__ = list(_ROOM_OF)


cache_folder.settle()


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'keepclear' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"keepclear.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
