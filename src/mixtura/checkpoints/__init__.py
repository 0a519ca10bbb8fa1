"""Checkpoints: what a fit has finished, in a file, so that it is never done again."""

from mixtura.checkpoints.digests import digest, digest_of_rows, told
from mixtura.checkpoints.file import read_about
from mixtura.checkpoints.journal import each, held, hold, mapped, once, same, stop
from mixtura.checkpoints.resumable import checkpoint

__all__ = [
    "checkpoint",
    "digest",
    "digest_of_rows",
    "each",
    "held",
    "hold",
    "mapped",
    "once",
    "read_about",
    "same",
    "stop",
    "told",
]
