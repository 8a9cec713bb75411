"""Looks for a crash that the store does not live through, for longer than a test may: power cuts, failing disks, killed processes.

What is done and what must hold is in `tests/simulation`; here it is done with more seeds. The first seed that fails is printed, and
`KEEPCLEAR_CRASH_SEED` runs it again in the tests. Needs what the tests need.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from bench.timing import arguments, tell


def main() -> None:
    """Prints one line for each kind of crash."""
    args = arguments(__doc__, first_seed=1000, seconds=60, folder="/dev/shm" if Path("/dev/shm").is_dir() else "")
    from tests.simulation.disk import Disk
    from tests.simulation.test_killed import Appender, kill_again_and_again
    from tests.simulation.test_power_loss import fail_once, load, lose_power

    with tempfile.TemporaryDirectory(prefix="keepclear-crash-", dir=args.folder or None) as name:
        folder = Path(name)
        appender = Appender()
        disk = Disk()
        crashes: dict[str, Callable[[int], object]] = {
            "power": lambda seed: lose_power(disk, folder / "left", seed),
            "disk": lambda seed: fail_once(folder, seed),
            "killed": lambda seed: kill_again_and_again(appender, folder / f"killed-{seed}", seed),
        }
        for kind, crash in crashes.items():
            seed = args.first_seed
            end = time.monotonic() + args.seconds / len(crashes)
            while time.monotonic() < end:
                if kind == "power" and (seed - args.first_seed) % 200 == 0:
                    disk.operations.clear()
                    place = folder / f"load-{seed}"
                    place.mkdir()
                    load(disk, place, Random(seed), groups=45)
                try:
                    crash(seed)
                except BaseException:
                    tell(crash=kind, failing_seed=seed, replay=f"KEEPCLEAR_CRASH_SEED={seed} ./test tests/simulation")
                    raise
                seed += 1
            tell(crash=kind, first_seed=args.first_seed, seeds=seed - args.first_seed, failing=0)
        appender.close()


if __name__ == "__main__":
    main()
