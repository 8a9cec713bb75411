"""Resident memory of a watch over an endless stream, and what each subject and each zone adds.

Every subject reports once a minute from a closed loop of two hours about a zone, in and out, for as long as one likes: nothing in
the stream grows. The watch holds reports for an hour, so memory rises for an hour and should be level afterwards. Started
by `bench.over` in a process of its own for each pair of numbers; the page fits a plane through the ends of all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.timing import arguments, resident_mb, tell

LOOP_MINUTES = 120
SAMPLES = 24


def main() -> None:
    """Prints one line: megabytes over what the process held before there was a watch, along the stream."""
    args = arguments(__doc__, subjects=2000, zones=200, minutes=240)
    import workload

    from bench.watched import with_terms
    from keepclear import Watch

    warm = Watch(with_terms(workload.zones(10), windows=False))
    for minute in range(3):
        warm.observe(reports_after(minute, workload.zones(10), 10))
    del warm
    before_mb = resident_mb()
    zones = workload.zones(args.zones)
    watch = Watch(with_terms(zones, windows=False))
    rows, held_mb = [], []
    for minute in range(args.minutes):
        watch.observe(reports_after(minute, zones, args.subjects))
        if (minute + 1) * SAMPLES % args.minutes < SAMPLES:
            rows.append((minute + 1) * args.subjects)
            held_mb.append(round(resident_mb() - before_mb, 3))
    tell(subjects=args.subjects, zones=args.zones, minutes=args.minutes, rows=rows, held_mb=held_mb)


def reports_after(minute: int, zones: list[Any], subjects: int) -> Any:
    """What all subjects report in this minute of the stream."""
    from bench.watched import reports

    number = np.arange(subjects)
    about = np.array([(zone.lon, zone.lat, zone.radius_m) for zone in zones])[number % len(zones)]
    angle = 2 * np.pi * ((minute % LOOP_MINUTES) / LOOP_MINUTES + number * 0.381966)
    away = about[:, 2] * (1.0 + 0.3 * np.sin(angle * 2)) / 111_195.0
    lat = about[:, 1] + away * np.sin(angle)
    return reports(
        {
            "track": number,
            "t": 1.75e9 + minute * 60.0 + number * (60.0 / subjects),
            "lon": about[:, 0] + away * np.cos(angle) / np.cos(np.radians(lat)),
            "lat": lat,
            "alt": np.full(subjects, 1000.0),
            "sigma": np.full(subjects, 15.0),
        }
    )


if __name__ == "__main__":
    main()
