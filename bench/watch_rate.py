"""Reports a second through the watch, with states, probabilities and events; started by `bench.over`.

A fresh watch takes all rows in batches. The clock starts behind the first, which builds the index, as the peers' clocks start behind
the building of theirs; and another watch takes some rows before, so that nothing is compiled under the clock. The events are
made and counted, not written.
"""

from __future__ import annotations

import time

from bench.timing import arguments, tell


def main() -> None:
    """Prints one line for each repetition."""
    args = arguments(__doc__, zones=1000, positions=1_000_000, batch_rows=10_000, reps=1)
    import workload

    from bench.watched import reports, with_terms
    from keepclear import Watch

    batch = reports(workload.positions(args.positions))
    parts = [batch.take(slice(first, first + args.batch_rows)) for first in range(0, len(batch), args.batch_rows)]
    zones = with_terms(workload.zones(args.zones))
    before = Watch(zones, rows_before_tidying=1)
    for part in parts[:3]:
        before.observe(part)
    for _ in range(args.reps):
        watch = Watch(before.atlas)
        said = [watch.observe(parts[0])]
        started = time.perf_counter()
        for part in parts[1:]:
            said.append(watch.observe(part))
        took_s = time.perf_counter() - started
        changes = [change for events in said for change in events.presence]
        tell(
            zones=args.zones,
            positions=len(batch),
            batch_rows=args.batch_rows,
            pos_per_s=round((len(batch) - len(parts[0])) / took_s),
            events=sum(map(len, said)),
            uncertain=sum(0 < change.sight.p_inside_e4 < 10_000 for change in changes),
        )


if __name__ == "__main__":
    main()
