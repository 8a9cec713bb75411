"""`python -m keepclear` is the command, and so is `keepclear`."""

import sys


def command() -> int:
    """Runs the command; also when it is stopped while it is still being loaded, it ends without a traceback."""
    try:
        from keepclear.cli.main import main  # noqa: PLC0415

        return main()
    except KeyboardInterrupt:
        print("keepclear: stopped.", file=sys.stderr)  # noqa: T201
        return 130


if __name__ == "__main__":
    raise SystemExit(command())
