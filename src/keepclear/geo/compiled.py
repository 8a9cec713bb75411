"""Compiles the kernels: functions over columns that must look at every position.

A compiled function is plain Python on numbers and arrays, without objects; it runs without the interpreter's lock.
It is compiled when it is first called and kept in the user's cache folder, so that the next process finds it there.
Floating-point arithmetic stays as written: nothing is reordered, so the same position gives the same bits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

_LINEAR_ALGEBRA = "scipy.linalg"


def _numba() -> ModuleType:
    """The compiler, without the linear algebra that its array functions load if they find it.

    No kernel multiplies matrices, and SciPy's takes a quarter of a second to load at every start."""
    absent = _LINEAR_ALGEBRA not in sys.modules and "numba" not in sys.modules
    if absent:
        sys.modules[_LINEAR_ALGEBRA] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
        return import_module("numba")
    finally:
        if absent:
            del sys.modules[_LINEAR_ALGEBRA]


_NUMBA = _numba()


def compiled(function: Function) -> Function:
    """The function, compiled for the types it is called with; each time anew where nothing can be kept."""
    return _translated(function)


def compiled_in_place(function: Function) -> Function:
    """The same for a function that makes no array and gives none back: it works on those that it is given.

    They cannot go away meanwhile, so the code that counts their holders is left out. Whoever gave one back would corrupt
    memory unnoticed: tests/house/test_compiled.py forbids it. A function that hands many arrays
    to others for every row spends most of its time counting otherwise. Compiling fails if an array is made after all."""
    return _translated(function, _nrt=False)


def _translated(function: Function, **options: bool) -> Function:
    try:
        return cast(Function, _NUMBA.njit(cache=True, nogil=True, error_model="numpy", **options)(function))
    except RuntimeError:  # no folder that can be written to
        return cast(Function, _NUMBA.njit(nogil=True, error_model="numpy", **options)(function))
