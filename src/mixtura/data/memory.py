"""How many bytes rows may take in memory, as a user says it."""

import re

import numpy as np

from mixtura.data.checks import machine_memory
from mixtura.errors import ParameterError

__all__ = ["bytes_of"]

# Of the machine's memory, what rows may take unless told.
SHARE = 4
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt]?)|([kmgt])i)b?\s*", re.IGNORECASE)


def bytes_of(memory: int | str | None) -> int:
    """Return a number of bytes, told as one or in words; None for a share of the machine's."""
    if memory is None:
        return machine_memory() // SHARE
    if isinstance(memory, str):
        found = SIZE.fullmatch(memory)
        if found is not None:
            # 1 GB is 1000 MB, and 1 GiB is 1024 MiB.
            base, power = (1000, found[2]) if found[3] is None else (1024, found[3])
            return int(float(found[1]) * base ** POWERS[power.lower()])
    elif not isinstance(memory, bool) and 0 <= memory < np.inf:
        return int(memory)
    raise ParameterError(
        f'memory should be a number of bytes or text such as "2 GB", not {memory!r}'
    )
