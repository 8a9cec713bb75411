"""SVG as text: numbers, paths and words, and the one style sheet of the map."""

from __future__ import annotations

from html import escape

import shapely

from keepclear.geo.earth import Floats
from keepclear.render.lettering import cleaned

SIMPLIFY_PX = 0.3
AGES = 5
"""Shades from the oldest part of a track to the newest."""

STYLE = """
text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#222}
.sea{fill:#e6ebee}.blank{fill:#f7f7f4}.land{fill:#faf8f3;stroke:#faf8f3;stroke-width:.6}
.coast{fill:none;stroke:#9fa8ac;stroke-width:.9}.coarse{stroke-dasharray:2 4}
.border{fill:none;stroke:#a9a294;stroke-width:1;stroke-dasharray:7 2 1 2}
.grid{fill:none;stroke:#b9c2c5;stroke-width:.5}.gridname{font-size:10.5px;fill:#5c6467}
.zone{fill:#4a3b76;fill-opacity:.11;fill-rule:evenodd}.edge{fill:none;stroke:#4a3b76;stroke-width:2.2}
.band{fill:none;stroke:#4a3b76;stroke-width:1.3;stroke-dasharray:7 5}
.area{fill:url(#kc-hatch);stroke:#444;stroke-width:1.1;stroke-dasharray:2 3;fill-rule:evenodd}
.track{fill:none;stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}
.many .track{stroke-width:1.1}
.many .head{stroke-width:.8;fill-opacity:.6}.many .way{stroke-width:1}
.many .edge{stroke-width:1.3}.estimated .track{stroke-dasharray:5 4}
.a0{stroke-opacity:.22}.a1{stroke-opacity:.36}.a2{stroke-opacity:.52}.a3{stroke-opacity:.72}
.way{fill:none;stroke-width:1.6}.head{stroke-width:1.7}.hollow{fill:#fff}.bar{stroke:#fff;stroke-width:1.8;fill:none}
.sure{fill-opacity:.10;stroke-opacity:.55;stroke-width:1}.was{fill-opacity:.035;stroke-opacity:.16;stroke-width:.8}
.unsure{fill:none;stroke-width:1.1;stroke-dasharray:1.5 2.5}
.mark{stroke:#111;stroke-width:1.6}.solid{fill:#111}.open{fill:#fff}.broken{stroke-dasharray:3 2}
.number{font-size:11px;font-weight:bold;text-anchor:middle}.solid+.number{fill:#fff}
.leader{stroke:#111;stroke-width:.9;fill:none}.spot{fill:#111}
.point{fill:none;stroke:#222;stroke-width:1.6}
.name{font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-opacity:.85;stroke-linejoin:round}
.zonename{font-weight:bold;fill:#3a2d63;font-size:13px}.pointname{font-style:italic}
.frame{fill:none;stroke:#3c4245;stroke-width:1.2}
.scale{fill:none;stroke:#222;stroke-width:1.6}.plate{fill:#fff;fill-opacity:.85}
.title{font-size:22px;font-weight:bold}.subtitle{font-size:14px;fill:#444}.heading{font-size:13px;font-weight:bold}
.key,.sentence{font-size:12px}.small{font-size:10.5px;fill:#555}
.notice{font-size:17px;font-weight:bold;text-anchor:middle}
.more{font-size:12px;font-style:italic}
""".strip()


def number(value: float) -> str:
    """One decimal, and none where it is zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def path_data(xy: Floats, closing: bool = False) -> str:
    """Straight strokes through the pixels, thinned by less than the eye can see."""
    if len(xy) > 2:
        xy = shapely.get_coordinates(shapely.simplify(shapely.linestrings(xy), SIMPLIFY_PX))
    return "M" + " ".join(f"{number(x)},{number(y)}" for x, y in xy.tolist()) + ("z" if closing else "")


def path(class_names: str, data: str) -> str:
    return f'<path class="{class_names}" d="{data}"/>'


def words(class_names: str, x: float, y: float, text: str, anchor: str = "start", ink: str = "") -> str:
    """A line of text, its baseline at y; the text comes cleaned."""
    more = ("" if anchor == "start" else f' text-anchor="{anchor}"') + (f' style="fill:{ink}"' if ink else "")
    return f'<text class="{class_names}" x="{number(x)}" y="{number(y)}"{more}>{escape(text)}</text>'


def tooltip(text: str) -> str:
    return f"<title>{escape(cleaned(text, 120))}</title>"
