"""Signed, sealed, durable messages a second from one node to another, beside a plain HTTPS POST of the same bytes into the same database.

Ours: a message is given at Alpha, made durable, signed, sealed, handed over with TLS on both sides, opened, verified, made durable and
shown at Bravo, acknowledged under Bravo's signature, and that word is durable at Alpha, where the clock stops with the last. Plain: the
payload is POSTed over kept TLS connections to uvicorn, which commits it to SQLite behind the same writer (WAL, synchronous=FULL) and
answers when it is durable. As many clients give one thing at a time in both. Each server and each client is a process of its own, and
the two take turns within a round, so that both see the same minutes of the machine.

With `--open N` Alpha holds so many messages beforehand that nobody has answered: half are owed to a peer that never calls, half are for
a party that is reached by hand. Each round then has a turn with them and one without, and the ratio shows whether they slow anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.message_ways import Ran, kept_open, ours, plain
from bench.running_node import busy_cores, folder_on_disk
from bench.timing import arguments, percentile, tell


def main() -> None:
    """Prints one line for each turn, and what came out."""
    args = arguments(__doc__, messages=3_000, clients=64, rounds=3, open=0, quiet_wait=5)
    ways: dict[str, Callable[[Path], Ran]] = {
        "keepclear": partial(ours, count=args.messages, clients=args.clients, open_before=0),
        "plain POST": partial(plain, count=args.messages, clients=args.clients),
    }
    if args.open:
        many = partial(ours, count=args.messages, clients=args.clients, open_before=args.open)
        ways = {"keepclear": ways["keepclear"], f"keepclear, {args.open:,} open": many}
        with folder_on_disk() as folder:
            tell(name="keepclear, held", open=args.open, **kept_open(folder, args.open))
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(args.rounds):
        for name, run in ways.items():
            with folder_on_disk() as folder:
                others_cores = busy_cores(args.quiet_wait)
                ran = run(folder)
            rate = args.messages / ran.took_s
            rates[name].append(rate)
            tell(
                name=name, round=number, messages=args.messages, clients=args.clients, per_s=round(rate),
                given_per_s=round(args.messages / ran.given_s), processor_ms_each=round(1e3 * ran.processor_s / args.messages, 3),
                durable_p50_ms=round(percentile(ran.waits_ms, 0.5), 1), durable_p99_ms=round(percentile(ran.waits_ms, 0.99), 1),
                others_cores=others_cores,
            )  # fmt: skip
    (first, some), (second, others) = rates.items()
    ratios = [theirs / ours for ours, theirs in zip(some, others, strict=True)]
    print(
        f"{first}: {median(some):,.0f} messages/s; {second}: {median(others):,.0f}/s, {median(ratios):.2f} times as many"
        f" ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
