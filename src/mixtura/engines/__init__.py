"""Engines: who does the work. An engine folds a function over units of rows; it knows no EM."""

from mixtura.engines.engine import Engine
from mixtura.engines.serial import Serial
from mixtura.engines.threads import Threads

__all__ = ["Engine", "Serial", "Threads", "engine_named"]


def engine_named(name: "str | Engine", n_jobs: int | None) -> Engine:
    """Return the engine of that name, or the given one as it is."""
    if not isinstance(name, str):
        return name
    return Serial() if name == "serial" else Threads(n_jobs)
