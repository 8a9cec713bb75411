"""Zones as the map draws them."""

from __future__ import annotations

from keepclear.agreements.atlas import Zone
from keepclear.geo.bands import band_rings
from keepclear.render.scene import ZoneDrawing


def zone_drawing(zone: Zone) -> ZoneDrawing:
    """The outline of a zone, and of its watch band where that can be drawn."""
    rings = tuple(zone.shape.outline())
    return ZoneDrawing(zone.id, zone.label, rings, tuple(band_rings(zone.shape, zone.band_mm / 1000)))
