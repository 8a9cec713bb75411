"""How every script of ours speaks: a command line, one JSON line on standard output, memory and time in stated units."""

from __future__ import annotations

import argparse
import gc
import json
import os
from collections.abc import Sequence


def arguments(doc: str | None, **defaults: int | str) -> argparse.Namespace:
    """The command line of a script: one option for each default, `--batch_rows` said as `--batch-rows`."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"default: {default}"
        )
    return parser.parse_args()


def tell(**found: object) -> None:
    """One line of results."""
    print(
        json.dumps({name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}),
        flush=True,
    )


def resident_mb() -> float:
    """Memory of this process that is in use, after collecting what is not."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
