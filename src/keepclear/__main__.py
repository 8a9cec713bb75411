"""`python -m keepclear` is the command, and so is `keepclear`."""

import os
import signal
import sys


def command() -> int:
    """Runs the command; also when it is stopped while it is still being loaded, it ends with a word and without a traceback."""
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    try:
        from keepclear.cli.main import main  # noqa: PLC0415

        return main()
    except KeyboardInterrupt:
        print("keepclear: stopped.", file=sys.stderr)  # noqa: T201
        return 130


def _leave(_number: int, _frame: object) -> None:
    """Ends the program at once: what is being loaded may swallow an exception, or take it for a fault of its own."""
    try:
        os.write(2, b"keepclear: stopped.\n")
    finally:
        os._exit(130)


if __name__ == "__main__":
    raise SystemExit(command())
