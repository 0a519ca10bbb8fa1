"""The file of a checkpoint: what it is about, and a journal; written whole, every change shows.

It begins with a line that says what it is and a line with the SHA-256 of all that follows: eight
bytes of the length of a JSON object, that object, and the journal.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from mixtura.checkpoints.journal import Entry
from mixtura.checkpoints.pickles import from_bytes, to_bytes
from mixtura.errors import CheckpointError
from mixtura.writing import replacing

__all__ = ["read_about", "read_checkpoint", "write_checkpoint"]

MAGIC = b"mixtura checkpoint 1\n"
DIGITS, LENGTH = 64, 8
ADVICE = "begin anew without that file"


def write_checkpoint(path: Path, about: Mapping[str, str], root: Entry) -> None:
    """Write a checkpoint in place of the one before."""
    head = json.dumps(dict(about)).encode()
    content = len(head).to_bytes(LENGTH, "little") + head + to_bytes(root)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(MAGIC)
        file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
        file.write(content)


def read_about(path: Path) -> dict[str, str]:
    """Return what a checkpoint is about; raise `CheckpointError` where it cannot be read."""
    return _parts(path)[0]


def read_checkpoint(path: Path) -> tuple[dict[str, str], Entry]:
    """Return what a checkpoint is about, and its journal.

    Raises
    ------
    CheckpointError
        If there is none, or it is damaged or none of this mixtura's.
    """
    about, content = _parts(path)
    try:
        root = from_bytes(content)
    # Whatever a class of another version does with what it is given.
    except Exception as error:
        raise CheckpointError(
            f"the checkpoint '{path}' is none of this version of mixtura ({error}); {ADVICE}"
        ) from error
    return about, root


def _parts(path: Path) -> tuple[dict[str, str], bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(
            f"there is no checkpoint '{path}'; a fit that has ended has none, and one that was "
            "stopped before its first has nothing to go on from"
        ) from error
    except OSError as error:
        raise CheckpointError(f"the checkpoint '{path}' cannot be read: {error}") from error
    if not content.startswith(MAGIC):
        raise CheckpointError(f"'{path}' is no checkpoint of this mixtura; {ADVICE}")
    begins = len(MAGIC) + DIGITS + 1
    stated, content = content[len(MAGIC) : begins - 1], content[begins:]
    if hashlib.sha256(content).hexdigest().encode() != stated:
        raise CheckpointError(f"the checkpoint '{path}' is damaged or cut short; {ADVICE}")
    size = int.from_bytes(content[:LENGTH], "little")
    return json.loads(content[LENGTH : LENGTH + size]), content[LENGTH + size :]
