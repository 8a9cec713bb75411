"""Beside the map: what its signs mean, and what happened, in numbered sentences."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keepclear.render.ink import AGES, number, path, words
from keepclear.render.layers import CIRCLE_SIGMAS
from keepclear.render.lettering import cleaned, wrapped
from keepclear.render.names import mark
from keepclear.render.scene import MarkDrawing, Scene, TrackDrawing
from keepclear.render.symbols import MARKS, PartyStyle, chevron, outline

LINE_PX = 15.0
KEY_PX = 20.0
HEADING_PX = 36.0
SENTENCE_CHARS_MAX = 400
PARTIES_MAX = 8
_TEXT_X = 46.0
_FONT_PX = 12.0


def legend(scene: Scene, styles: dict[str, PartyStyle], x: float, y: float, width: float) -> tuple[list[str], float]:
    """Only the signs that occur in the scene; and the y below the last."""
    drawn = []
    for sign, text in _keys(scene, styles):
        lines = wrapped(text, (width - _TEXT_X) / _FONT_PX)
        y += KEY_PX
        drawn.append(f'<g transform="translate({number(x)},{number(y)})">{sign}</g>')
        drawn += [words("key", x + _TEXT_X, y + 4 + i * LINE_PX, line) for i, line in enumerate(lines)]
        y += (len(lines) - 1) * LINE_PX
    kinds = {m.kind for m in scene.marks}
    for k, (kind, style) in enumerate((kind, style) for kind, style in MARKS.items() if kind in kinds):
        fill = ("solid" if style.filled else "open") + (" broken" if style.broken else "")
        left = x + (k % 2) * width / 2
        y += KEY_PX if k % 2 == 0 else 0.0
        drawn.append(path(f"mark {fill}", outline(style.shape, left + 18, y, 7)))
        drawn.append(words("key", left + _TEXT_X, y + 4, kind))
    return drawn, y + (HEADING_PX if drawn else 0.0)


def sentences(scene: Scene, x: float, y: float, width: float, bottom: float) -> tuple[list[str], float]:
    """From the first, as many as there is room for, then how many more there are; and the y below the last."""
    drawn = [words("heading", x, y, "What happened")]
    y += 22
    if not scene.sentences:
        return [*drawn, words("more", x, y, "Nothing has changed yet.")], y
    marks = {m.number: m for m in scene.marks}
    for i, sentence in enumerate(scene.sentences, start=1):
        lines = wrapped(cleaned(sentence, SENTENCE_CHARS_MAX), (width - _TEXT_X + 14) / _FONT_PX)
        left = len(scene.sentences) - i
        needed = max(len(lines) * LINE_PX, KEY_PX + 2) + (LINE_PX if left else 0)
        if y + needed > bottom:
            return [*drawn, words("more", x, y, f"and {left + 1} more")], y
        drawn.append(_numbered(i, marks.get(i), x, y))
        drawn += [words("sentence", x + _TEXT_X - 14, y + k * LINE_PX, line) for k, line in enumerate(lines)]
        y += max(len(lines) * LINE_PX, KEY_PX + 2) + 5
    return drawn, y


def _numbered(i: int, drawing: MarkDrawing | None, x: float, y: float) -> str:
    if drawing is None:
        return words("sentence", x + 12, y, f"{i}.", "middle")
    return mark(drawing, x + 12, y - 4)


def _keys(scene: Scene, styles: dict[str, PartyStyle]) -> Iterable[tuple[str, str]]:
    if scene.zones:
        yield '<rect class="zone" x="2" y="-7" width="32" height="14"/>' + _box("edge"), "zone"
    if any(z.band_rings for z in scene.zones):
        yield path("band", "M0,0h38"), "outer edge of its watch band"
    yield from _track_keys(scene.tracks, styles)
    if scene.areas:
        yield '<rect class="area" x="2" y="-7" width="32" height="14"/>', "reported only as: somewhere in here"
    if any(not p.estimated for p in scene.points):
        yield path("point", "M13,0h10M18,-5v10"), "named place"
    if any(p.estimated for p in scene.points):
        yield path("point broken", outline("circle", 18, 0, 4.5)), "named place, position estimated"


def _track_keys(tracks: tuple[TrackDrawing, ...], styles: dict[str, PartyStyle]) -> Iterable[tuple[str, str]]:
    if not tracks:
        return
    shades = "".join(path(f"track a{age}", f"M{2 + age * 6},0h6") for age in range(AGES))
    yield _inked("#1f1f1f", shades + path("way", chevron(38, 0, 0.0, 7))), "track: fainter is older; arrow: direction"
    for party, style in list(styles.items())[:PARTIES_MAX]:
        name = cleaned(party) or "no party stated"
        yield _inked(style.ink, path("track", "M2,0h16") + path("head", outline(style.shape, 18, 0, 5))), name
    if len(styles) > PARTIES_MAX:
        yield "", f"and {len(styles) - PARTIES_MAX} more parties, by shape and shade"
    ink = next(iter(styles.values())).ink
    if any(t.permitted for t in tracks):
        yield _inked(ink, path("head hollow", outline("circle", 18, 0, 5))), "hollow: permitted by the terms"
    if any(t.permitted is False for t in tracks):
        barred = path("head", outline("circle", 18, 0, 5)) + path("bar", "M15,0h6")
        yield _inked(ink, barred), "barred: not permitted by the terms"
    if any(t.estimated for t in tracks):
        yield f'<g class="estimated" stroke="{ink}">{path("track a4", "M0,0h38")}</g>', "track estimated, not reported"
    stated = [bool(np.isfinite(t.error_m[-1])) for t in tracks]
    if any(stated):
        circle = '<ellipse class="sure" cx="18" cy="0" rx="9" ry="9"/>'
        yield _inked(ink, circle), f"circle: {CIRCLE_SIGMAS:.0f} sigma of the stated error, to scale"
    if not all(stated):
        yield _inked(ink, path("unsure", outline("circle", 18, 0, 9))), "dotted: error of the position not stated"


def _inked(ink: str, sign: str) -> str:
    return f'<g stroke="{ink}" fill="{ink}">{sign}</g>'


def _box(class_name: str) -> str:
    return path(class_name, "M2,-7h32v14h-32z")
