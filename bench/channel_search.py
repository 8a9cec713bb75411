"""Looks for a world in which the channel breaks a promise, for longer than a test may: up to seven nodes, poor links, crashes, restores.

What is done and what must hold is in `test_channel.py` and `test_witness.py` of `tests/simulation`; here it is done with more seeds. The
first seed that fails is printed, and `KEEPCLEAR_CHANNEL_SEED` or `KEEPCLEAR_WITNESS_SEED` runs it again in the tests. Needs what the
tests need.
"""

from __future__ import annotations

import time

from bench.timing import arguments, tell


def main() -> None:
    """Prints one line for each kind of world."""
    args = arguments(__doc__, first_seed=1_000_000, seconds=600)
    from tests.simulation.test_channel import live_through_all
    from tests.simulation.test_witness import live_through

    for kind, restores in (("lossy", False), ("restored", True)):
        seed, messages = args.first_seed, 0
        end = time.monotonic() + args.seconds / 4
        while time.monotonic() < end:
            try:
                [world] = live_through_all(range(seed, seed + 1), restores=restores)
            except BaseException:
                tell(world=kind, failing_seed=seed, replay=f"KEEPCLEAR_CHANNEL_SEED={seed} ./test tests/simulation")
                raise
            messages += len(world.given)
            seed += 1
        tell(world=kind, first_seed=args.first_seed, seeds=seed - args.first_seed, messages=messages, failing=0)
    for kind, splits in (("shown", False), ("shown in two ways", True)):
        seed = args.first_seed
        end = time.monotonic() + args.seconds / 4
        while time.monotonic() < end:
            try:
                live_through(seed, splits=splits)
            except BaseException:
                tell(world=kind, failing_seed=seed, replay=f"KEEPCLEAR_WITNESS_SEED={seed} ./test tests/simulation")
                raise
            seed += 1
        tell(world=kind, first_seed=args.first_seed, seeds=seed - args.first_seed, failing=0)


if __name__ == "__main__":
    main()
