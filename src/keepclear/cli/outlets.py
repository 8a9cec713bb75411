"""Where output goes: never over an input, never two things into one file, and a reader that has gone away is noticed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from keepclear.ground.errors import Refused

_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".pdf", ".webp"}


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str]) -> None:
    """Refuses, before anything is opened, an output that is also an input or another output, and a map that is no SVG."""
    taken = {_identity(0 if name == "-" else name): "what is read" for name in inputs if not _is_device(name)}
    for option, name in outputs.items():
        if name is None or name == "-" or _is_device(name):
            continue
        if option == "--map" and Path(name).suffix.lower() in _PICTURES:
            raise Refused(
                "output.not_svg", "The map is an SVG file", value=name, mend="Name it .svg; browsers open it."
            )
        identity = _identity(name)
        if identity in taken:
            mend = "Name another file."
            raise Refused("output.taken", f"{option} would overwrite {taken[identity]}", value=name, mend=mend)
        taken[identity] = f"the file of {option}"


def open_output(files: ExitStack, name: str) -> TextIO:
    """A text file for writing, closed with `files`; "-" is standard output."""
    if name == "-":
        return sys.stdout
    try:
        return files.enter_context(Path(name).open("w", encoding="utf-8", newline="\n"))
    except OSError as error:
        raise unwritable(name, error) from error


def write_output(name: str, text: str) -> None:
    """Writes a whole text file."""
    try:
        Path(name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise unwritable(name, error) from error


def unwritable(name: str, error: OSError) -> Refused:
    """The refusal for a file that cannot be written."""
    mend = "Check the folder, its permissions and the space on the disk."
    return Refused("output.unwritable", f"The file cannot be written ({error.strerror})", value=name, mend=mend)


def broke_off(stream: TextIO, error: OSError) -> Refused:
    """The refusal for a stream that took a part of the output."""
    name = "standard output" if stream is sys.stdout else stream.name
    what = f"The output broke off ({error.strerror})"
    mend = (
        "Its last line may be incomplete, and what follows from later rows is missing: make room on the disk or name "
        "another file, and run again from the beginning."
    )
    return Refused("output.broke_off", what, mend=mend, where=name)


def let_go(stream: TextIO) -> None:
    """After a stream has failed: what is still buffered is lost, so that closing it does not fail again."""
    if stream is sys.stdout:
        silence_stdout()
        return
    with suppress(OSError):
        stream.close()


def prepare_streams() -> None:
    """Standard streams that cannot fail on a character: UTF-8 in a pipe, replacements on a terminal that knows less.

    A stream that is closed, as under some schedulers, is replaced by nothing."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream is sys.stdout and not stream.isatty():
            reconfigure(encoding="utf-8", errors="backslashreplace")
        else:
            reconfigure(errors="backslashreplace")


def silence_stdout() -> None:
    """After standard output has failed: what is still buffered goes nowhere, so that leaving does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _identity(file: str | int) -> object:
    """What two names of one file have in common, hard links and a redirected stream included."""
    try:
        about = os.stat(file)
    except OSError:  # not there yet, or a stream that is closed
        return os.path.realpath(file) if isinstance(file, str) else None
    return about.st_dev, about.st_ino


def _is_device(name: str) -> bool:
    path = Path(name)
    return path.exists() and not path.is_file()
