"""Which build of the kernels is loaded, and what happens where none can be."""

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from numpy._core import _multiarray_umath

from mixtura.errors import KernelError
from mixtura.native import kernels, library

OLD = {"SSE42": True, "POPCNT": True}
HASWELL = {**OLD, "AVX2": True, "FMA3": True, "F16C": True}
SKYLAKE_SERVER = {**HASWELL, "AVX512_SKX": True}


@pytest.fixture
def all_builds(tmp_path):
    for build in library.BUILDS:
        (tmp_path / f"kernels_{build}{library.SUFFIX}").touch()
    return tmp_path


def stem(path):
    return path and path.stem


@pytest.fixture
def fresh_kernels():
    """Return the loader without its memory of what it loaded."""
    return kernels.__wrapped__


@pytest.mark.parametrize(
    ("features", "build"),
    [
        (SKYLAKE_SERVER, "kernels_v4"),
        (HASWELL, "kernels_v3"),
        ({**HASWELL, "FMA3": False}, "kernels_v2"),
        (OLD, "kernels_v2"),
        ({"NEON": True}, "kernels_any"),
        ({}, "kernels_any"),
        ({**SKYLAKE_SERVER, "X86_V4": False}, "kernels_v3"),
        ({**SKYLAKE_SERVER, "X86_V4": False, "X86_V3": False}, "kernels_v2"),
    ],
)
def test_the_best_build_is_the_widest_that_the_processor_runs(all_builds, features, build):
    assert stem(library.best_build(all_builds, features)) == build


def test_a_build_that_is_missing_leaves_the_next(all_builds):
    (all_builds / f"kernels_v4{library.SUFFIX}").unlink()
    assert stem(library.best_build(all_builds, SKYLAKE_SERVER)) == "kernels_v3"


def test_a_processor_without_a_build_has_no_kernels(tmp_path):
    (tmp_path / f"kernels_v4{library.SUFFIX}").touch()
    assert library.best_build(tmp_path, HASWELL) is None


def test_the_build_chosen_here_is_one_that_the_processor_has(all_builds):
    listed = Path("/proc/cpuinfo")
    flags = listed.read_text().split() if listed.exists() else []
    if "avx2" not in flags or "NPY_DISABLE_CPU_FEATURES" in os.environ:
        pytest.skip("reads what Linux says of a processor with AVX2, all of which NumPy may use")
    best = "kernels_v4" if {"avx512f", "avx512dq", "avx512bw"} <= {*flags} else "kernels_v3"
    assert stem(library.best_build(all_builds, library.processor_features())) == best


def test_kernels_that_are_built_load_and_are_of_this_version(fresh_kernels):
    assert fresh_kernels().mx_version() == library.VERSION


def test_kernels_are_loaded_once():
    assert kernels() is kernels()


def test_without_a_build_it_is_said_what_to_do(monkeypatch, tmp_path, fresh_kernels):
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    with pytest.raises(KernelError, match=r"no compiled kernels .* run 'python hatch_build.py'"):
        fresh_kernels()


def test_a_library_of_another_version_is_refused(monkeypatch):
    stale = SimpleNamespace(**{name: lambda: 0 for name in library.SIGNATURES})
    monkeypatch.setattr(ctypes, "CDLL", lambda path: stale)
    with pytest.raises(KernelError, match=f"version 0, .* calls {library.VERSION}"):
        library.load(Path("kernels"))


def test_a_library_without_the_kernels_is_refused():
    with pytest.raises(KernelError, match="not those of this mixtura"):
        library.load(Path(_multiarray_umath.__file__))


def test_a_library_that_cannot_be_used_is_refused_with_what_to_do(
    monkeypatch, all_builds, fresh_kernels
):
    monkeypatch.setattr(library, "FOLDER", all_builds)
    with pytest.raises(KernelError, match=r"cannot be loaded .* 'python hatch_build.py'"):
        fresh_kernels()
