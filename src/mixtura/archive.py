"""A file of named arrays and one JSON document, which shows every change made to it.

The file is a safetensors file. Its metadata holds one entry, ``mixtura``, a JSON object::

    {"sha256": ..., "format": "mixtura", "version": 1, "document": {...}}

``sha256`` is the digest of the whole file, taken with 64 zeros in the digest's place. Reading
executes nothing, and reserves no memory for a size that only the file itself claims.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from mixtura.errors import ModelFileError
from mixtura.writing import replacing

__all__ = [
    "FORMAT",
    "MAX_FILE_BYTES",
    "MAX_HEADER_BYTES",
    "VERSION",
    "read_archive",
    "write_archive",
]

FORMAT = "mixtura"
VERSION = 1
MAX_FILE_BYTES = 2**30
MAX_HEADER_BYTES = 2**24

DTYPES = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "I64": np.dtype("<i8")}
BLANK = b"0" * 64
LENGTH_BYTES = 8


def write_archive(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    document: Mapping[str, Any],
) -> None:
    """Write arrays and a document; the same contents give the same bytes.

    A file that stands at the path is replaced only once the new one is complete.

    Parameters
    ----------
    path : where to write
    arrays : by name, of any shape; float64, float32 or int64
    document : what JSON can hold: texts as keys, no NaN or infinity (put those in arrays)
    """
    # The digest comes first in the entry, so the first run of zeros in the file is its place.
    entry = {"sha256": BLANK.decode(), "format": FORMAT, "version": VERSION, "document": document}
    metadata = {FORMAT: json.dumps(entry, allow_nan=False, separators=(",", ":"))}
    stored = {name: _storable(name, array) for name, array in arrays.items()}
    content = memoryview(safetensors.numpy.save(stored, metadata))
    header = _header_bytes(content)
    if len(content) > MAX_FILE_BYTES or header > MAX_HEADER_BYTES:
        raise ModelFileError(
            f"the model takes {len(content):,} bytes, {header:,} of them for its description, and "
            f"a model file may have {MAX_FILE_BYTES:,} and {MAX_HEADER_BYTES:,}; nothing was "
            f"written to '{path}': use fewer components or columns"
        )
    start = bytes(content[: LENGTH_BYTES + header]).index(BLANK)
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        file.write(content[:start])
        file.write(_digest(content, start))
        file.write(content[start + len(BLANK) :])


def read_archive(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the document of a file that `write_archive` wrote.

    Parameters
    ----------
    path : the file to read

    Returns
    -------
    arrays : by name, writable and in C order
    document : the JSON document

    Raises
    ------
    ModelFileError
        When the file is missing, damaged, cut short, too large or something else altogether.
    """
    try:
        content = _content(path)
        document = _document(content)
        return _arrays(content), document
    except _Fault as fault:
        raise ModelFileError(f"model file '{path}' {fault}") from fault.__cause__


class _Fault(Exception):
    """Why a file cannot be used: the end of a sentence that begins with its path."""


DAMAGED = "is damaged or cut short; copy it again, or fit and save the model again"
FOREIGN = "was not written by mixtura; give the file that `mixtura fit` or `save` wrote"


def _storable(name: str, array: NDArray[Any]) -> NDArray[Any]:
    dtype = array.dtype.newbyteorder("<")
    if dtype not in DTYPES.values():
        raise TypeError(f"array '{name}' is {array.dtype}; store float64, float32 or int64")
    # safetensors writes memory as it lies: a transposed view would come back scrambled.
    return np.array(array, dtype=dtype, order="C")


def _header_bytes(content: bytes | memoryview) -> int:
    return int.from_bytes(content[:LENGTH_BYTES], "little")


def _digest(content: bytes | memoryview, start: int) -> bytes:
    view = memoryview(content)
    digest = hashlib.sha256(view[:start])
    digest.update(BLANK)
    digest.update(view[start + len(BLANK) :])
    return digest.hexdigest().encode()


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        # Looked at before it is opened: opening a pipe would wait for its writer.
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise _Fault("is a folder; name the model file inside it")
        if not stat.S_ISREG(mode):
            raise _Fault("is not an ordinary file; copy its contents to a file first")
        with Path(path).open("rb") as file:
            return _bounded(file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError as error:
        raise _Fault("does not exist; check the path, or fit and save a model first") from error
    except (OSError, ValueError) as error:
        raise _Fault(f"cannot be read ({error}); check the path and who may read it") from error


def _bounded(file: BinaryIO, size: int) -> bytes:
    if size == 0:
        raise _Fault("is empty; fit and save the model again")
    if size > MAX_FILE_BYTES:
        raise _Fault(f"has {size:,} bytes, and a model has at most {MAX_FILE_BYTES:,}; {FOREIGN}")
    start = file.read(LENGTH_BYTES + 1)
    header = _header_bytes(start)
    if header > MAX_HEADER_BYTES or start[LENGTH_BYTES:] not in (b"{", b""):
        raise _Fault(FOREIGN)
    if LENGTH_BYTES + header > size:
        raise _Fault(DAMAGED)
    return start + file.read(size - len(start))


def _document(content: bytes) -> dict[str, Any]:
    try:
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + _header_bytes(content)])
        entry = json.loads(header["__metadata__"][FORMAT], parse_constant=_refuse_constant)
        stated, version, document = entry["sha256"], entry["version"], entry["document"]
        digest = stated.encode("ascii")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _Fault(FOREIGN) from error
    start = content.find(digest)
    if start < 0 or digest != _digest(content, start):
        raise _Fault(DAMAGED)
    if not isinstance(document, dict) or type(version) is not int or version < 1:
        raise _Fault(FOREIGN)
    if version > VERSION:
        raise _Fault(f"has format {version}, and this mixtura reads {VERSION}; update mixtura")
    return document


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        tensors = safetensors.deserialize(content)
        return {name: _array(**tensor) for name, tensor in tensors}
    except (safetensors.SafetensorError, LookupError, ValueError, OverflowError) as error:
        raise _Fault(f"holds arrays that cannot be read ({error}); {FOREIGN}") from error


def _array(dtype: str, shape: list[int], data: bytes) -> NDArray[Any]:
    stored = np.frombuffer(data, dtype=DTYPES[dtype]).reshape(shape)
    return stored.astype(stored.dtype.newbyteorder("="))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
