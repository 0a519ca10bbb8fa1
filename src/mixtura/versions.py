"""What mixtura runs on: versions, kernels and why these, threads, memory, optional parts."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from threadpoolctl import threadpool_info

from mixtura.data.checks import machine_memory
from mixtura.data.memory import bytes_of
from mixtura.engines.cores import available_cores
from mixtura.errors import KernelError
from mixtura.native.library import builds_explained, kernels

__all__ = ["kernels_work", "show_versions", "surroundings"]

REQUIRED = ("numpy", "scipy", "scikit-learn", "threadpoolctl", "narwhals", "safetensors")
# By the module that each is imported as: how it is installed, and what it is for.
OPTIONAL = {
    "click": ("cli", "the command"),
    "rich": ("cli", "the command's progress"),
    "pyarrow": ("arrow", "Parquet, Arrow and the command"),
    "matplotlib": ("report", "figures"),
    "jinja2": ("report", "report pages"),
    "pyreadstat": ("formats", "files of SPSS, Stata and SAS"),
    "python_calamine": ("formats", "workbooks"),
    "rdata": ("formats", "files of R"),
    "flowio": ("cytometry", "files of cytometers"),
    "flowutils": ("cytometry", "spillover and logicle functions"),
    "astropy": ("astronomy", "tables of FITS files"),
    "formulaic": ("formula", "formulas of covariates"),
    "onnx": ("onnx", "Mixture.to_onnx"),
    "distributed": ("dask", "a cluster"),
}
# Where the name of a module is not that of what is installed.
INSTALLED = {"python_calamine": "python-calamine"}


def show_versions() -> None:
    """Print what mixtura runs on, for a report of something that went wrong.

    Versions, the compiled kernels in use and why these, threads, memory and optional parts.
    """
    for heading, facts in surroundings().items():
        print(heading)
        width = max(map(len, facts))
        for name, fact in facts.items():
            print(f"  {name:{width}}  {fact}")


def surroundings() -> dict[str, dict[str, str]]:
    """Return what mixtura runs on, by headings."""
    return {
        "versions": _versions(),
        "kernels": _kernels(),
        "threads": _threads(),
        "memory": _memory(),
        "optional parts": _optional(),
    }


def kernels_work() -> bool:
    """Return whether compiled kernels are there and can be used."""
    try:
        kernels()
    except KernelError:
        return False
    return True


def _versions() -> dict[str, str]:
    return {
        "mixtura": _version("mixtura"),
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        **{name: _version(name) for name in REQUIRED},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _kernels() -> dict[str, str]:
    try:
        kernels()
    except KernelError as error:
        return {"none": str(error), **builds_explained()}
    return builds_explained()


def _threads() -> dict[str, str]:
    found = {"cores": f"{available_cores()} that this process may use"}
    for pool in threadpool_info():
        name = f"{pool['internal_api']} {pool.get('version') or ''}".strip()
        found[name] = f"up to {pool['num_threads']} threads, one where mixtura has threads itself"
    return found


def _memory() -> dict[str, str]:
    return {
        "machine": f"{machine_memory() / 1e9:.1f} GB",
        "rows in memory": f"up to {bytes_of(None) / 1e9:.1f} GB unless told (--memory)",
    }


def _optional() -> dict[str, str]:
    found = {}
    for module, (extra, purpose) in OPTIONAL.items():
        if find_spec(module) is None:
            found[module] = f"not installed; {purpose} needs it: pip install 'mixtura[{extra}]'"
        else:
            found[module] = _version(INSTALLED.get(module, module))
    return found
