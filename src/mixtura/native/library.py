"""Loading the compiled kernels: the best build of them for this processor, once."""

import ctypes
import sys
from collections.abc import Mapping
from ctypes import c_int64, c_void_p
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from mixtura.errors import KernelError
from mixtura.native.lapack import routines

__all__ = ["SIGNATURES", "VERSION", "build_name", "builds_explained", "kernels"]

# MX_VERSION of mixtura.h.
VERSION = 28

# Of each kernel: what it returns, and what it takes. Arrays go as the address of their first cell.
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "mx_version": (ctypes.c_int, ()),
    "mx_use_lapack": (None, (c_void_p,)),
    "mx_update_workspace": (c_int64, (ctypes.c_int, c_int64, c_int64)),
    "mx_update": (ctypes.c_int, (ctypes.c_int, c_int64, c_int64, *7 * (c_void_p,))),
    "mx_shared_axes_workspace": (c_int64, (c_int64,)),
    "mx_shared_axes": (None, (c_int64, c_int64, *3 * (c_void_p,))),
    "mx_floored_workspace": (c_int64, (ctypes.c_int, c_int64, c_int64)),
    "mx_update_floored": (ctypes.c_int, (ctypes.c_int, c_int64, c_int64, *9 * (c_void_p,))),
    "mx_sweep_workspace": (c_int64, (c_int64, c_int64)),
    "mx_sweep": (None, (c_void_p, c_int64, *5 * (c_void_p,))),
    "mx_softmax_rows": (None, (c_int64, c_int64, *3 * (c_void_p,))),
    "mx_gaps_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_sweep_gaps_stack": (None, (c_void_p, c_int64, *7 * (c_void_p,))),
    "mx_gaps_densities": (None, (c_void_p, c_int64, *3 * (c_void_p,))),
    "mx_gaps_responsibilities": (None, (c_void_p, c_int64, *3 * (c_void_p,))),
    "mx_gaps_totals": (
        None,
        (c_void_p, c_int64, *2 * (c_void_p,), c_int64, c_int64, *3 * (c_void_p,)),
    ),
    "mx_measured_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_sweep_measured": (None, (c_void_p, c_int64, *6 * (c_void_p,))),
    "mx_measured_densities": (None, (c_void_p, c_int64, *3 * (c_void_p,))),
    "mx_measured_totals": (None, (c_void_p, c_int64, *4 * (c_void_p,))),
    "mx_run_lines_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_run_lines": (None, 4 * (c_void_p,)),
    "mx_table_width": (c_int64, (c_int64,)),
    "mx_mixed_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_sweep_mixed": (None, (c_void_p, c_int64, *5 * (c_void_p,))),
    "mx_predict_workspace": (c_int64, (c_int64, c_int64)),
    "mx_predict_whitened": (c_int64, 4 * (c_void_p,)),
    "mx_predict": (c_int64, (c_int64, c_int64, c_void_p, c_int64, c_int64, *3 * (c_void_p,))),
    "mx_lbfgs_workspace": (c_int64, (c_int64,)),
    "mx_driver_workspace": (c_int64, (c_int64,)),
    "mx_driver_begin": (None, 4 * (c_void_p,)),
    "mx_driver_restore": (None, 6 * (c_void_p,)),
    "mx_driver_advance": (ctypes.c_int, (c_void_p, ctypes.c_double, ctypes.c_double)),
    "mx_run_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_run": (None, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "mx_try_workspace": (c_int64, (c_void_p, c_int64, c_int64)),
    "mx_try": (None, (c_void_p, c_int64, c_void_p, c_int64, *3 * (c_void_p,))),
    "mx_moves_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_split_and_merge": (c_int64, (c_void_p, c_int64, *4 * (c_void_p,))),
    "mx_neighbour": (
        c_int64,
        (c_void_p, c_void_p, ctypes.c_double, ctypes.c_double, c_void_p, c_void_p),
    ),
    "mx_posterior": (ctypes.c_int, 4 * (c_void_p,)),
    "mx_split_workspace": (c_int64, (c_void_p, c_void_p, c_int64)),
    "mx_split_components": (
        ctypes.c_int,
        (*3 * (c_void_p,), ctypes.c_double, c_int64, *5 * (c_void_p,)),
    ),
    "mx_groups_workspace": (c_int64, (c_void_p, c_int64)),
    "mx_fit_groups": (None, (c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_void_p)),
    "mx_dispersions": (None, (c_int64, c_int64, *8 * (c_void_p,))),
    "mx_masses": (None, (c_int64, c_int64, *6 * (c_void_p,))),
    "mx_row_effects_workspace": (c_int64, (c_int64, c_int64)),
    "mx_row_effects": (None, (*3 * (c_int64,), *5 * (c_void_p,))),
    "mx_seed": (ctypes.c_int, (c_void_p, c_int64, c_void_p, c_int64, *3 * (c_void_p,))),
    "mx_lloyd": (ctypes.c_int, (c_void_p, c_int64, c_void_p, c_void_p)),
    "mx_start": (ctypes.c_int, (c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_void_p)),
}

# The builds that there may be, best first, and the processor features each needs, by NumPy's names.
BUILDS: dict[str, tuple[str, ...]] = {
    "v4": ("AVX512_SKX", "AVX2", "FMA3", "F16C"),
    "v3": ("AVX2", "FMA3", "F16C"),
    "v2": ("SSE42", "POPCNT"),
    "any": (),
}

FOLDER = Path(__file__).parent
ADVICE = "reinstall mixtura, or in its source tree run 'python hatch_build.py'"
SUFFIX = ".dll" if sys.platform == "win32" else ".so"


@cache
def kernels() -> ctypes.CDLL:
    """Return the kernels with their signatures declared. Calls release the interpreter's lock.

    Raises
    ------
    KernelError
        When there is no build that this processor runs, or it cannot be used.
    """
    path = best_build(FOLDER, processor_features())
    if path is None:
        raise KernelError(
            f"no compiled kernels that this processor runs are in '{FOLDER}'; {ADVICE}"
        )
    return load(path)


def build_name() -> str:
    """Return the name of the build that runs here; others may differ in the last digits."""
    kernels()
    path = best_build(FOLDER, processor_features())
    assert path is not None
    return path.stem.removeprefix("kernels_")


def best_build(folder: Path, features: Mapping[str, bool]) -> Path | None:
    """Return the first build in the folder that a processor of these features runs, if any."""
    for build in BUILDS:
        path = path_of(folder, build)
        if is_run(build, features) and path.exists():
            return path
    return None


def builds_explained() -> dict[str, str]:
    """Return what speaks for or against each build here, in words, best first."""
    features = processor_features()
    best = best_build(FOLDER, features)
    found = {}
    for build, needed in BUILDS.items():
        lacking = [name for name in needed if not features.get(name, False)]
        path = path_of(FOLDER, build)
        if path == best:
            found[build] = "in use: the best that this processor runs"
        elif not path.exists():
            found[build] = "not installed"
        elif is_run(build, features):
            found[build] = "runs here too, and is slower"
        else:
            words = ", ".join(lacking) or f"all of X86_{build.upper()}"
            found[build] = f"not for this processor, which lacks {words}"
    return found


def path_of(folder: Path, build: str) -> Path:
    """Return where a build is, if it is in the folder."""
    return folder / f"kernels_{build}{SUFFIX}"


def is_run(build: str, features: Mapping[str, bool]) -> bool:
    """Return whether a processor of these features runs the build."""
    # NumPy names the whole level too since 2.4: it counts what the features leave open.
    return all(features.get(name, False) for name in BUILDS[build]) and features.get(
        f"X86_{build.upper()}", True
    )


def processor_features() -> Mapping[str, bool]:
    """Return what NumPy found the processor to have; nothing where this NumPy does not say."""
    try:
        inside = import_module("numpy._core._multiarray_umath")
    except ImportError:
        return {}
    return getattr(inside, "__cpu_features__", {})


def load(path: Path) -> ctypes.CDLL:
    """Return the library at that path with its signatures declared.

    Raises
    ------
    KernelError
        When it cannot be loaded, or is not of the version that this package calls.
    """
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(
            f"the kernels in '{path}' cannot be loaded ({error}); {ADVICE}"
        ) from error
    try:
        found = library.mx_version()
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError as error:
        raise KernelError(
            f"the kernels in '{path}' are not those of this mixtura; {ADVICE}"
        ) from error
    if found != VERSION:
        raise KernelError(
            f"the kernels in '{path}' are of version {found}, and this mixtura calls {VERSION}; "
            f"{ADVICE}"
        )
    library.mx_use_lapack(routines())
    return library
