"""Frames that live on a cluster: its workers put each partition into a file that all can read.

So numbers are decoded once, where they are, and only what was found of them travels. What follows
reads the files, whoever does the work.
"""

import pickle
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import Block
from mixtura.data.chained import SharedFolder
from mixtura.data.numbering import Numbers
from mixtura.data.parts import Asked, Part, part_of
from mixtura.data.plain import cluster_of
from mixtura.data.row_files import RowFiles
from mixtura.data.spool import Spool, SpooledRows
from mixtura.data.survey import Survey
from mixtura.errors import DataError

__all__ = ["ByWorkers", "partitions_of", "put_by_workers"]

# Checks the weights (n,) of a part, and returns them.
Checked = Callable[[Part, Asked], NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True, eq=False)
class ByWorkers:
    """Rows that workers put into files.

    Attributes
    ----------
    rows : in memory where they are few enough
    survey : what they found of them
    names : of the columns
    """

    rows: Block | SpooledRows
    survey: Survey
    names: tuple[str, ...] | None


def partitions_of(source: Any) -> Iterator[Any]:
    """Yield the partitions of a frame on a cluster, one at a time, as frames of the caller."""
    if cluster_of(source) == "Dask":
        yield from (partition.compute() for partition in source.partitions)
        return
    import pyarrow as pa

    schema = "content binary"
    for row in source.mapInArrow(_as_content, schema).toLocalIterator():
        yield pa.ipc.open_stream(row.content).read_all()


def put_by_workers(
    source: Any, asked: Asked, memory: int, cache: Path | None, checked: Checked
) -> ByWorkers:
    """Return the rows of a frame on a cluster, which its workers put into files.

    Parameters
    ----------
    source : the frame
    asked, memory, cache : as `read_rows` takes them
    checked : looks at the weights of a part

    Raises
    ------
    DataError
        Naming partition, column and row of what is no number, or the file that cannot be reached.
    """
    folder = SharedFolder(cache)
    try:
        return _put_in(folder, source, asked, memory, checked)
    except BaseException:
        folder.remove()
        raise


def _put_in(
    folder: SharedFolder, source: Any, asked: Asked, memory: int, checked: Checked
) -> ByWorkers:
    put = partial(_put, asked=asked, folder=folder.path, checked=checked)
    found = [pickle.loads(content) for content in _everywhere(source, put)]
    errors = [error for error, _, _ in found if error is not None]
    if errors:
        raise errors[0]
    pieces: list[Any] = [rows for _, rows, _ in found if rows is not None]
    if not pieces:
        raise DataError("there are no rows; give at least one")
    for piece in pieces:
        if not piece.path.exists():
            raise DataError(
                f"a {cluster_of(source)} worker put rows into '{piece.path}', which is not to be "
                "seen from here; name a folder that all machines share by cache="
            )
    survey = pieces[0].survey
    for piece in pieces[1:]:
        survey += piece.survey
    rows = _chained(pieces, survey, folder)
    names = found[0][2]
    n_bytes = rows.n_rows * rows.n_columns * rows.dtype.itemsize
    n_bytes += rows.n_rows * 8 * (len(rows.files.all) - 1)
    if n_bytes > memory:
        return ByWorkers(rows, survey, names)
    whole = rows.block(0, rows.n_rows)
    rows.remove()
    return ByWorkers(whole, survey, names)


def _chained(pieces: list[Any], survey: Survey, folder: SharedFolder) -> SpooledRows:
    lengths = [piece.n_rows for piece in pieces]
    files = RowFiles.chained([piece.files for piece in pieces], lengths, folder)
    return SpooledRows(files, survey)


def _everywhere(source: Any, put: Callable[[Iterable[Any], str], bytes]) -> list[bytes]:
    """Return what workers make of each partition, in order."""
    if cluster_of(source) == "Dask":
        from dask.base import compute
        from dask.delayed import delayed

        parts = [
            delayed(_put_frame, pure=False)(put, partition, f"partition {number}")
            for number, partition in enumerate(source.to_delayed())
        ]
        return list(compute(*parts))
    rows = source.mapInArrow(partial(_put_batches, put=put), "number int, found binary").collect()
    return [bytes(row.found) for row in sorted(rows, key=lambda row: row.number)]


def _put_frame(put: Callable[[Iterable[Any], str], bytes], frame: Any, place: str) -> bytes:
    return put([frame], place)


def _put_batches(
    batches: Iterable[Any], put: Callable[[Iterable[Any], str], bytes]
) -> Iterator[Any]:
    import pyarrow as pa
    from pyspark import TaskContext  # pyright: ignore[reportMissingImports]

    context = TaskContext.get()
    number = 0 if context is None else context.partitionId()
    tables = (pa.Table.from_batches([batch]) for batch in batches)
    found = put(tables, f"partition {number}")
    yield pa.record_batch(
        {"number": pa.array([number], pa.int32()), "found": pa.array([found], pa.binary())}
    )


def _as_content(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield batches of Arrow as cells that hold one each."""
    import pyarrow as pa

    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.record_batch({"content": pa.array([sink.getvalue().to_pybytes()], pa.binary())})


def _put(frames: Iterable[Any], place: str, asked: Asked, folder: Path, checked: Checked) -> bytes:
    """Put frames of one partition into a file; return the pickle of an error, rows and names.

    Rows are None where there are none. Each try has a folder of its own: a worker may be lost and
    another begin anew, or two do the same.
    """
    own, maker = folder / secrets.token_hex(8), Numbers()
    try:
        own.mkdir(parents=True)
        with Spool(own, 0) as spool:
            start = 0
            for frame in frames:
                called = f"{place} (counted from 0)"
                called += f", from its row {start} on" if start else ""
                part = part_of(frame, asked, called)
                rows = maker.rows(part)
                if len(rows):
                    spool.add(Block(rows, checked(part, asked), labels=part.labels))
                start += len(rows)
            if not spool.is_begun:
                return pickle.dumps((None, None, maker.names), protocol=5)
            found, _ = spool.ended()
        assert isinstance(found, SpooledRows)
        found.files.leave()
        return pickle.dumps((None, found, maker.names), protocol=5)
    except (DataError, ValueError) as error:
        return pickle.dumps((error, None, None), protocol=5)
    except OSError as error:
        told = DataError(
            f"a worker cannot put rows into '{folder}' ({error.strerror or error}); name a folder "
            "that all machines share and may write to by cache="
        )
        return pickle.dumps((told, None, None), protocol=5)
