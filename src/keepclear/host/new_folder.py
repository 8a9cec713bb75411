"""A folder that is filled as a whole: where that fails, nothing is left of it, or it is said what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from keepclear.ground.errors import Refused

_NAMED_MAX = 5


@contextmanager
def whole_or_nothing(folder: Path, folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Within it `folder`, which is empty or not there, gets `folders` and whatever is added to the list of files that this gives.

    If that fails, what came to be is removed again, parents that were made for it included. Raises `Refused` where something is in the
    folder, where the disk fails, and where something could not be removed."""
    if folder.exists() and (there := sorted(path.name for path in folder.iterdir())):
        named = ", ".join(there[:_NAMED_MAX]) + (", ..." if len(there) > _NAMED_MAX else "")
        mend = "Name a new folder, or an empty one."
        raise Refused("init.not_empty", f"There is something in this folder ({named})", value=str(folder), mend=mend)
    made = [path for path in (*folders, folder, *folder.parents) if not path.exists()]
    files: list[Path] = []
    try:
        yield files
    except BaseException as error:
        _remove(files, made)
        fault: BaseException = error
        if isinstance(error, OSError):
            mend = "Check the owner and the permissions of the folder, and the space on the disk."
            what = f"The node cannot be made here ({error.strerror})"
            fault = Refused("init.unwritable", what, value=str(error.filename or folder), mend=mend)
        if left := [str(path) for path in (*files, *made) if path.exists()]:
            what = f"The node was not made, and of it is left: {', '.join(left)}"
            raise Refused("init.left", what, value=str(fault) or type(fault).__name__, mend="Remove that.") from error
        if fault is not error:
            raise fault from error
        raise


def _remove(files: Sequence[Path], folders: Sequence[Path]) -> None:
    for path in files:
        with suppress(OSError):
            path.unlink()
    for path in folders:
        with suppress(OSError):  # where somebody else has put something there meanwhile, it stays
            path.rmdir()
