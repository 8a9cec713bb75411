"""Compiles the kernels: functions over columns that must look at every position.

A compiled function is plain Python on numbers and arrays, without objects; it runs without the interpreter's lock.
It is compiled when it is first called and kept in the user's cache folder, so that the next process finds it there.
Floating-point arithmetic stays as written: nothing is reordered, so the same position gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function, compiled for the types it is called with."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
