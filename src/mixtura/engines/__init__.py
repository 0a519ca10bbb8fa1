"""Engines: who does the work. They have tasks done for units or items, and know no EM."""

from numbers import Integral
from typing import Any

from mixtura.engines.engine import Engine
from mixtura.engines.processes import Processes
from mixtura.engines.serial import Serial
from mixtura.engines.threads import Threads
from mixtura.errors import ParameterError

__all__ = ["Engine", "Processes", "Serial", "Threads", "engine_named"]


def engine_named(name: Any, n_jobs: int | None) -> Engine:
    """Return the engine of that name, or the given one as it is.

    Raises
    ------
    ParameterError
        If there is no such engine, or `n_jobs` is no number of workers.
    """
    whole = isinstance(n_jobs, Integral) and not isinstance(n_jobs, bool)
    if n_jobs is not None and not (whole and n_jobs != 0):
        raise ParameterError(
            f"n_jobs should be None, a number of workers, or -1 for all cores, but got {n_jobs!r}"
        )
    if name == "threads":
        return Threads(n_jobs)
    if name == "processes":
        return Processes(n_jobs)
    if name == "serial":
        return Serial()
    is_address = isinstance(name, str) and "://" in name
    if name == "dask" or is_address or _is_client(name):
        # Whoever does without need not wait for it to load.
        from mixtura.engines.dask import Dask

        return Dask(None if name == "dask" else name, n_jobs)
    if name == "spark" or type(name).__name__ == "SparkSession":
        from mixtura.engines.spark import Spark

        return Spark(None if name == "spark" else name, n_jobs)
    if not all(hasattr(name, verb) for verb in ("fold", "map", "session")):
        raise ParameterError(
            "engine should be threads, processes, serial, dask, the address of a Dask scheduler, "
            f"spark, a session of Spark, or an engine, but got {name!r}"
        )
    engine: Any = name
    return engine


def _is_client(name: Any) -> bool:
    """Return whether it is a client of `distributed`."""
    return all(hasattr(name, verb) for verb in ("submit", "scatter", "nthreads"))
