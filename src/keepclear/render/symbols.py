"""The shapes on the map and what each stands for. Shape and fill carry the meaning; colour only helps.

Filled is what comes towards a zone or into sight, hollow what goes away; a broken outline is what nobody saw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepclear.render.scene import Kind


@dataclass(frozen=True, slots=True)
class MarkStyle:
    shape: str
    filled: bool
    broken: bool = False


MARKS: dict[Kind, MarkStyle] = {
    "entered": MarkStyle("square", filled=True),
    "left": MarkStyle("square", filled=False),
    "came close": MarkStyle("circle", filled=True),
    "moved away": MarkStyle("circle", filled=False),
    "lost": MarkStyle("diamond", filled=False, broken=True),
    "found": MarkStyle("diamond", filled=True),
    "correction": MarkStyle("hexagon", filled=False),
}


@dataclass(frozen=True, slots=True)
class PartyStyle:
    shape: str
    ink: str


# Dark, apart in brightness for every kind of colour vision, and neither red nor blue: no side looks hostile.
_INKS = ("#1f1f1f", "#9a5b00", "#00614c", "#a23b82")
_SHAPES = ("circle", "square", "triangle", "diamond", "hexagon")


def party_styles(parties: set[str]) -> dict[str, PartyStyle]:
    """A shape and an ink for each, by the order of their names; twenty before one pair comes again."""
    return {
        party: PartyStyle(_SHAPES[i % len(_SHAPES)], _INKS[i % len(_INKS)]) for i, party in enumerate(sorted(parties))
    }


def outline(shape: str, x: float, y: float, radius: float) -> str:
    """Path data of a shape about x, y; shapes of one radius look equally large."""
    if shape == "circle":
        arc = f"a{radius:.1f},{radius:.1f} 0 1 0 "
        return f"M{x - radius:.1f},{y:.1f}{arc}{2 * radius:.1f},0{arc}{-2 * radius:.1f},0z"
    corners = [(x + dx * radius, y + dy * radius) for dx, dy in _CORNERS[shape]]
    return "M" + "L".join(f"{cx:.1f},{cy:.1f}" for cx, cy in corners) + "z"


def chevron(x: float, y: float, direction: float, size: float) -> str:
    """Path data of an open arrowhead with its tip at x, y; direction in radians, clockwise from right."""
    barbs = [(x - size * np.cos(direction + turn), y - size * np.sin(direction + turn)) for turn in (-_BARB, _BARB)]
    (ax, ay), (bx, by) = barbs
    return f"M{ax:.1f},{ay:.1f}L{x:.1f},{y:.1f}L{bx:.1f},{by:.1f}"


_BARB = 0.5
_CORNERS = {
    "square": [(-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)],
    "triangle": [(0.0, -1.2), (1.1, 0.75), (-1.1, 0.75)],
    "diamond": [(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
    "hexagon": [(1.1 * float(np.cos(a)), 1.1 * float(np.sin(a))) for a in np.arange(6) * np.pi / 3],
}
