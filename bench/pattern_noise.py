"""How often the patterns are told where nobody means anything by it: recorded vessel traffic among zones at busy places.

Harbour traffic has no intent towards zones that were drawn after the fact, so every alert counts as a false alarm.

    python bench/pattern_noise.py ais_solent_20160112.csv.gz ais_uscg_20220103_99999.csv.gz

Prints one table a file and one line of JSON. Zones are circles of 2 to 10 km about places of recorded positions, chosen with a
seed, so that busy places have more of them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import (
    CirclingTerms,
    ClosingTerms,
    MannedTerms,
    MassingTerms,
    PatrolTerms,
    PatternTerms,
)
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import open_feed
from keepclear.geo.shapes import Circle
from keepclear.tracks.observations import Observations
from keepclear.watch.watch import Watch

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US
KM_MM = 1_000_000
BAND_MM = 2 * KM_MM
# A vessel unheard of for longer than this was not under way within reach of a receiver, as far as is known.
HEARD_GAP_US = 30 * MINUTE_US

# Patterns of different keys know nothing of one another, so one run of the watch judges the same place of every list.
VARIANTS: dict[str, list[tuple[str, PatternTerms]]] = {
    "massing": [
        ("3 in 6 h, inside (default)", PatternTerms(massing=MassingTerms())),
        ("3 in 30 min, inside", PatternTerms(massing=MassingTerms(3, 30 * MINUTE_US))),
        ("10 in 30 min, inside", PatternTerms(massing=MassingTerms(10, 30 * MINUTE_US))),
        ("3 in 5 min, inside", PatternTerms(massing=MassingTerms(3, 5 * MINUTE_US))),
        ("10 in 5 min, inside", PatternTerms(massing=MassingTerms(10, 5 * MINUTE_US))),
    ],
    "circling": [
        ("360° in 2 h, to 10 km (default)", PatternTerms(circling=CirclingTerms())),
        ("270° in 2 h, to 10 km", PatternTerms(circling=CirclingTerms(270.0))),
        ("180° in 2 h, to 10 km", PatternTerms(circling=CirclingTerms(180.0))),
        ("180° in 2 h, to 3 km", PatternTerms(circling=CirclingTerms(180.0, out_to_mm=3 * KM_MM))),
        ("90° in 10 min, to 10 km", PatternTerms(circling=CirclingTerms(90.0, 10 * MINUTE_US))),
    ],
    "patrol": [
        ("10 km in 1 h, to 10 km (default)", PatternTerms(patrol=PatrolTerms())),
        ("5 km in 30 min, to 10 km", PatternTerms(patrol=PatrolTerms(30 * MINUTE_US, 5 * KM_MM))),
        ("5 km in 30 min, to 3 km", PatternTerms(patrol=PatrolTerms(30 * MINUTE_US, 5 * KM_MM, 3 * KM_MM))),
        ("3 km in 30 min, to 10 km", PatternTerms(patrol=PatrolTerms(30 * MINUTE_US, 3 * KM_MM))),
        ("1 km in 6 min, to 10 km", PatternTerms(patrol=PatrolTerms(6 * MINUTE_US, KM_MM))),
    ],
    "closing": [
        ("3 by 2 km in 30 min, to 20 km (default)", PatternTerms(closing=ClosingTerms())),
        ("3 by 2 km in 30 min, to 5 km", PatternTerms(closing=ClosingTerms(out_to_mm=5 * KM_MM))),
        ("5 by 2 km in 30 min, to 20 km", PatternTerms(closing=ClosingTerms(5))),
        ("3 by 5 km in 30 min, to 20 km", PatternTerms(closing=ClosingTerms(3, 5 * KM_MM))),
        ("3 by 1 km in 6 min, to 20 km", PatternTerms(closing=ClosingTerms(3, KM_MM, 6 * MINUTE_US))),
    ],
    "unobserved": [
        ("every 10 min", PatternTerms(observed_every_us=10 * MINUTE_US)),
        ("every 30 min", PatternTerms(observed_every_us=30 * MINUTE_US)),
        ("every 60 min", PatternTerms(observed_every_us=60 * MINUTE_US)),
    ],
    "unmanned": [
        ("1 inside, gap 10 min", PatternTerms(manned=MannedTerms(1, (), 10 * MINUTE_US))),
        ("1 inside, gap 30 min", PatternTerms(manned=MannedTerms(1, (), 30 * MINUTE_US))),
        ("1 inside, gap 60 min", PatternTerms(manned=MannedTerms(1, (), 60 * MINUTE_US))),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--zones", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first-minutes", type=float, help="only what was seen so long after the first report")
    arguments = parser.parse_args()
    results = [_noise_in(path, arguments) for path in arguments.files]
    print(json.dumps({"zones": arguments.zones, "seed": arguments.seed, "files": results}))


def _noise_in(path: Path, arguments: argparse.Namespace) -> dict[str, object]:
    traffic = _reports_of(path, arguments.first_minutes)
    zones = _zones_among(traffic, arguments.zones, arguments.seed)
    hours = float(np.ptp(traffic.seen_at_us)) / DAY_US * 24
    between, heard = _vessel_days(traffic)
    print(
        f"\n{path.name}: {len(traffic)} reports, {len(traffic.subjects)} vessels, {hours:.2f} h; vessel-days "
        f"{between:.2f} from first to last report, {heard:.2f} without gaps of over 30 min; {len(zones)} zones, seed {arguments.seed}\n"
    )
    print(
        "| terms | alerts | zones with any | per vessel-day, first to last | per vessel-day heard of | per zone-day |"
    )
    print("|---|---|---|---|---|---|")
    counts: dict[str, int] = {}
    zones_with_any: dict[str, int] = {}
    for place in range(max(map(len, VARIANTS.values()))):
        judged = {key: several[place] for key, several in VARIANTS.items() if place < len(several)}
        found = _alerts(traffic, zones, [terms for _, terms in judged.values()])
        for key, (words, _) in judged.items():
            counts[f"{key}: {words}"] = found[key].total()
            zones_with_any[f"{key}: {words}"] = len(found[key])
    for words in sorted(counts, key=lambda words: list(VARIANTS).index(words.partition(":")[0])):
        rates = [counts[words] / between, counts[words] / heard, counts[words] / (len(zones) * hours / 24)]
        print(
            f"| {words} | {counts[words]} | {zones_with_any[words]} | {' | '.join(f'{rate:.3g}' for rate in rates)} |"
        )
    return {
        "file": path.name, "reports": len(traffic), "vessels": len(traffic.subjects), "hours": round(hours, 3),
        "vessel_days": round(between, 3), "vessel_days_heard": round(heard, 3), "alerts": counts,
    }  # fmt: skip


def _reports_of(path: Path, first_minutes: float | None) -> Observations:
    traffic = Observations.joined([block.observations for block in open_feed(path, FeedOptions(zone="UTC"))])
    if first_minutes is not None:
        until_us = int(traffic.seen_at_us.min()) + round(first_minutes * MINUTE_US)
        traffic = traffic.take(traffic.seen_at_us <= until_us)
    return traffic


def _zones_among(traffic: Observations, count: int, seed: int) -> list[Zone]:
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(traffic), size=count)
    radius_m = rng.uniform(2_000.0, 10_000.0, count)
    return [
        Zone(f"z{i}", Circle(float(traffic.lat[row]), float(traffic.lon[row]), float(radius_m[i])), band_mm=BAND_MM)
        for i, row in enumerate(rows)
    ]


def _vessel_days(traffic: Observations) -> tuple[float, float]:
    """Summed over vessels: from the first to the last report, and the same without gaps longer than `HEARD_GAP_US`."""
    between_us = heard_us = 0
    order = np.lexsort((traffic.seen_at_us, traffic.subject))
    seen = zip(traffic.subject[order].tolist(), traffic.seen_at_us[order].tolist(), strict=True)
    for (vessel, earlier_us), (same, later_us) in pairwise(seen):
        if vessel == same:
            between_us += later_us - earlier_us
            heard_us += later_us - earlier_us if later_us - earlier_us <= HEARD_GAP_US else 0
    return between_us / DAY_US, heard_us / DAY_US


def _alerts(traffic: Observations, zones: list[Zone], several: list[PatternTerms]) -> dict[str, Counter[str]]:
    """Of every pattern the alerts by zone, judged together."""
    together: dict[str, Any] = {}
    for terms in several:
        together |= {name: value for name, value in vars(terms).items() if value}
    patterns = PatternTerms(**together)
    watch = Watch([replace(zone, patterns=patterns) for zone in zones])
    events = [*watch.observe(traffic).alerts, *watch.advance(int(traffic.seen_at_us.max())).alerts]
    return {key: Counter(alert.zone for alert in events if alert.key == key) for key in VARIANTS}


if __name__ == "__main__":
    main()
