"""How many workers there are to be."""

import os

__all__ = ["available_cores", "number_of_workers"]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def number_of_workers(n_jobs: int | None) -> int:
    """Return as many as asked for; None and -1 are all cores, -2 all but one, as in joblib."""
    if n_jobs is None:
        return available_cores()
    return max(1, available_cores() + 1 + n_jobs if n_jobs < 0 else n_jobs)
