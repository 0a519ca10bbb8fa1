"""Files of instruments, as Arrow tables: events of cytometers, and catalogues of telescopes."""

import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.foreign import library, read_by_other
from mixtura.data.table import checked_names
from mixtura.errors import DataError, MixturaWarning

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["INSTRUMENTS"]

Float = NDArray[np.float64]

COMPENSATED = "Comp-"
# Keywords of a spillover matrix, by the standard and by makers.
SPILLOVERS = ("spillover", "spill", "comp")
IMAGES = "CompImageHDU"


def _read_fcs(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    """Return the events of a cytometer, their channels called by what they stain, if that is said.

    Channels are linear whatever they are stored as, and gains are taken out. Where the file has a
    spillover matrix, what spilled over is taken out of its channels, which are called Comp-CD4
    then; they are read as they were stored where they are asked for by their own names.
    """
    import pyarrow as pa

    flowio = library("flowio", path, "cytometry")
    found = read_by_other(path, lambda: flowio.FlowData(str(path)))
    events: Float = read_by_other(path, lambda: found.as_array())
    channels = [found.channels[place] for place in sorted(found.channels)]
    names = _names([one["pnn"] for one in channels], [one["pns"] for one in channels])
    cells = dict(zip(names, events.T, strict=True))
    without = _compensated(path, found.text, [one["pnn"] for one in channels], events)
    renamed = {names[place]: f"{COMPENSATED}{names[place]}" for place in without}
    cells |= {renamed[names[place]]: column for place, column in without.items()}
    if columns is None:
        columns = tuple(renamed.get(name, name) for name in checked_names(path, names, None))
    kept = checked_names(path, [*names, *renamed.values()], columns)
    return pa.table({name: np.ascontiguousarray(cells[name]) for name in kept})


def _names(channels: list[str], stains: list[str]) -> list[str]:
    """Return what channels stain, and their own names where that is not said, or said twice."""
    counts = Counter(stain.strip() for stain in stains)
    taken = set(channels)
    return [
        stain.strip()
        if stain.strip() and counts[stain.strip()] == 1 and stain.strip() not in taken
        else channel
        for channel, stain in zip(channels, stains, strict=True)
    ]


def _compensated(
    path: Path, keywords: dict[str, str], channels: list[str], events: Float
) -> dict[int, Float]:
    """Return channels by place without what spilled over; none where there is no such matrix."""
    spelled = next((keywords[name] for name in SPILLOVERS if "," in keywords.get(name, "")), None)
    if spelled is None:
        return {}
    flowutils = library("flowutils.compensate", path, "cytometry")
    spillover, own = read_by_other(path, lambda: flowutils.get_spill(spelled))
    # The matrix of a file that was written after compensation speaks of channels that are gone.
    if not set(own) <= set(channels) or (spillover == np.eye(len(own))).all():
        return {}
    places = [channels.index(name) for name in own]
    found = read_by_other(path, lambda: flowutils.compensate(events[:, places], spillover))
    return dict(zip(places, found.T, strict=True))


def _read_fits(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    """Return the one table of a file of astronomers.

    A column of k values a row is k columns, and one of complex numbers two.
    """
    import pyarrow as pa

    fits = library("astropy.io.fits", path, "astronomy")
    tables = library("astropy.table", path, "astronomy")
    place = read_by_other(path, lambda: _place_of_table(path, fits))
    table = read_by_other(path, lambda: tables.Table.read(path, hdu=place))
    table.convert_bytestring_to_unicode()
    parts = {name: _parts(name, table[name]) for name in table.colnames}
    cells = {called: column for each in parts.values() for called, column in each.items()}
    kept = checked_names(path, list(cells), columns)
    return pa.table({name: _arrow(cells[name]) for name in kept})


def _place_of_table(path: Path, fits: Any) -> int:
    with fits.open(path) as parts:
        found = {
            place: part.name or f"number {place}"
            for place, part in enumerate(parts)
            if isinstance(part, (fits.BinTableHDU, fits.TableHDU)) and type(part).__name__ != IMAGES
        }
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise DataError(f"'{path}' holds images and no table; name a file of a catalogue")
    listed = ", ".join(f"'{name}'" for name in found.values())
    raise DataError(
        f"'{path}' has several tables ({listed}); save the one to be read as a file of its own"
    )


def _parts(name: str, column: Any) -> dict[str, Any]:
    """Return a column, or one for each value that its rows have, called name[0], name[1], ..."""
    if column.dtype.kind == "O":
        warnings.warn(
            f"column '{name}' has arrays of other lengths in other rows, and is left out",
            MixturaWarning,
            stacklevel=2,
        )
        return {}
    if column.ndim > 1:
        flat = column.reshape(len(column), -1)
        each = {f"{name}[{place}]": flat[:, place] for place in range(flat.shape[1])}
    else:
        each = {name: column}
    if column.dtype.kind != "c":
        return each
    return {
        f"{called}.{part}": getattr(one, part)
        for called, one in each.items()
        for part in ("real", "imag")
    }


def _arrow(column: Any) -> "pa.Array":
    import pyarrow as pa

    cells = np.asarray(column)
    # Files are written with the bytes of numbers in the other order.
    cells = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    gaps = np.ma.getmaskarray(np.ma.asarray(column)) if hasattr(column, "mask") else None
    return pa.array(cells, mask=gaps)


INSTRUMENTS = {
    ".fcs": _read_fcs,
    **dict.fromkeys((".fits", ".fit", ".fits.gz", ".fit.gz"), _read_fits),
}
