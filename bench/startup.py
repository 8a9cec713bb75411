"""Seconds until the command is done when there is next to nothing to do: two rows, one zone; and `--help`.

The first start is not counted: it may compile. Beside them stands Python itself, which starts in the same turns.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.timing import arguments, percentile, tell

ROWS = "subject,seen_at,lat,lon\nBravo 1,2026-05-18T10:00:00Z,33.70,37.80\nBravo 1,2026-05-18T10:20:00Z,33.65,38.20\n"
ZONES = """{"type": "FeatureCollection", "keepclear": {"version": 1}, "features": [{"type": "Feature", "id": "kestrel",
 "geometry": {"type": "Point", "coordinates": [38.6, 33.5]}, "properties": {"radius": "55 km"}}]}"""


def main() -> None:
    """Prints one line for each of the three."""
    args = arguments(__doc__, starts=10)
    with tempfile.TemporaryDirectory(prefix="keepclear-bench-") as folder:
        rows, zones = Path(folder) / "rows.csv", Path(folder) / "zones.geojson"
        rows.write_text(ROWS, encoding="ascii")
        zones.write_text(ZONES, encoding="ascii")
        keepclear = [sys.executable, "-m", "keepclear"]
        commands = {
            "watch": [*keepclear, "watch", str(rows), "--zones", str(zones), "--summary", "none"],
            "help": [*keepclear, "--help"],
            "python": [sys.executable, "-c", ""],
        }
        took_s: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(args.starts + 1):
            for name, command in commands.items():
                started = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                took_s[name].append(time.perf_counter() - started)
    for name, seconds in took_s.items():
        tell(command=name, first_s=seconds[0], p50_s=percentile(seconds[1:], 0.5), max_s=max(seconds[1:]))


if __name__ == "__main__":
    main()
