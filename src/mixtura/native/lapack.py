"""Where LAPACK is that compiled code calls: SciPy's, by address, as its Cython users call it."""

import ctypes
from importlib import import_module
from typing import Any

__all__ = ["ROUTINES", "routines"]

# In the order of lapack.h.
ROUTINES = ("potrf", "trtri", "sygst", "syevd", "geqrf", "pstrf", "gejsv")


def routines() -> Any:
    """Return the addresses of the routines in double precision, side by side."""
    return (ctypes.c_void_p * len(ROUTINES))(*(address_of(f"d{name}") for name in ROUTINES))


def address_of(name: str) -> int:
    """Return where a routine is."""
    capsule: Any = vars(import_module("scipy.linalg.cython_lapack"))["__pyx_capi__"][name]
    named, found = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    named.restype, named.argtypes = ctypes.c_char_p, (ctypes.py_object,)
    found.restype, found.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return int(found(capsule, named(capsule)))
