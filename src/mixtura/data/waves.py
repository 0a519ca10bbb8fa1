"""Tables of people who were asked several times: by columns of each wave, or by lines."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixtura.data.codes import spelling
from mixtura.data.long import check_constant, coded_cells
from mixtura.data.readstat import LABELS
from mixtura.data.table import Table, table_of
from mixtura.errors import DataError, MixturaWarning, ParameterError
from mixtura.text import quoted_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WAVE", "Waves", "waves_by_columns", "waves_by_lines"]

# Stands for the wave in the name of a column.
WAVE = "*"
# What tables are called whose rows are not those of the file.
STACKED, BY_PERSON = "all waves, one below the other", "a row for each person"


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """People, and their answers at each wave.

    Attributes
    ----------
    names : (T,) what waves are called
    people : (N rows) what is said of each person
    answers : (T N rows) of all waves, one below the other, the people of each in the same order;
        cells of who was not asked are missing
    """

    names: tuple[str, ...]
    people: Table
    answers: Table

    @property
    def tables(self) -> list[Table]:
        """Return the answers (N rows) of each wave."""
        size = self.people.n_rows
        return [_part(self.answers, t * size, size) for t in range(len(self.names))]

    def _known(self) -> NDArray[np.bool_]:
        """Return which answers (T N, D) there are."""
        columns = [self.answers.categories(name) for name in self.answers.names]
        return np.array([[cell is not None for cell in cells] for cells in columns]).T

    def words_of_missing(self) -> str:
        """Return what is to be said of answers that are missing, or nothing where none is."""
        known = self._known()
        if known.all():
            return ""
        here = np.asarray(known.any(axis=1).reshape(len(self.names), -1).all(axis=0))
        left = f", and {(~here).sum():,} of {len(here):,} people have none at some wave"
        return (
            f"{(~known).sum():,} of {known.size:,} answers are missing{left * (not here.all())}; "
            "each row counts by the others, right where answers are missing at random"
        )

    def asked(self, names: Sequence[str] = ()) -> Table:
        """Return the rows of the answers that have one, with some columns of their people."""
        import pyarrow as pa

        known = self._known().any(axis=1)
        content = self.answers.content
        for name in names:
            column = self.people.content[name]
            chunks = column.chunks * len(self.names)
            content = content.append_column(name, pa.chunked_array(chunks, column.type))
        return table_of(
            self.answers.path, content.filter(pa.array(known)), spelled=self.answers.spelled
        )


def waves_by_columns(table: Table, items: Sequence[str], waves: Sequence[str] = ()) -> Waves:
    """Return what a table says that has a row for each person, and a column for each wave.

    Parameters
    ----------
    items : names of columns in which a * stands for the wave, such as "ever_*"
    waves : what stands in its place, in order; by default all that each item has a column for

    Raises
    ------
    DataError
        If a column is not there, there are not two waves, or columns of one item do not go
        together.
    ParameterError
        If a name has not one *.
    """
    if not items:
        raise ParameterError(
            "name the items by --columns, with a * where the wave stands: 'ever_*,likes_*'"
        )
    for item in items:
        if item.count(WAVE) != 1:
            raise ParameterError(
                f"'{item}' should have one * where the wave stands, such as 'ever_*' for the "
                "columns ever_1 and ever_2; for a file with a line for each person and wave name "
                "its columns by --person and --wave"
            )
        if item == WAVE:
            raise ParameterError(
                "'*' alone takes every column for a wave; write what the columns of one item have "
                "in common, such as 'ever_*' for ever_1 and ever_2"
            )
    names = tuple(waves) or _found(table, items)
    _check_waves(table, names)
    columns = [[item.replace(WAVE, name) for item in items] for name in names]
    table.check_known([one for own in columns for one in own])
    called = _called(items, table)
    _check_labels(table, columns, items)
    alike = _of_one_kind(table, columns)
    parts = [alike.select(own).rename_columns(called) for own in columns]
    return Waves(names, table, _joined(table, parts, [", ".join(own) for own in columns]))


def waves_by_lines(
    table: Table,
    person: str,
    wave: str,
    items: Sequence[str],
    *,
    kept: Sequence[str] = (),
    waves: Sequence[str] = (),
) -> Waves:
    """Return what a table says that has a line for each person and wave.

    People are in the order in which they first come, waves in that of their values.

    Parameters
    ----------
    person, wave : names of columns
    items : names of the columns of answers
    kept : names of columns that say something of the person, the same in all lines
    waves : those that are taken, in order; by default all there are

    Raises
    ------
    DataError
        If a column is not there, a line names no person or no wave, two lines are of the same, a
        kept column differs within a person, or there are not two waves.
    """
    table.check_known([person, wave, *items, *kept])
    (people, who), (times, when) = coded_cells(table, person), coded_cells(table, wave)
    names = tuple(waves) or _in_order(table, wave, when)
    unknown = [name for name in names if name not in when]
    if unknown:
        raise DataError(
            f"column '{wave}' of '{table.path}' has no wave '{unknown[0]}'; it has "
            f"{', '.join(when)}"
        )
    _check_waves(table, names)
    places = np.full((len(names), len(who)), -1, dtype=np.int64)
    for t, name in enumerate(names):
        lines = np.flatnonzero(times == when.index(name))
        own, first = np.unique(people[lines], return_index=True)
        if len(own) < len(lines):
            again = int(lines[np.setdiff1d(np.arange(len(lines)), first)[0]])
            raise DataError(
                f"'{table.path}' has two lines of '{who[people[again]]}' at wave '{name}', the "
                f"second in row {again + 1}; keep one of them"
            )
        places[t, own] = lines[first]
    first = np.unique(people, return_index=True)[1]
    own = {name: check_constant(table, name, people, first, person) for name in kept}
    import pyarrow as pa

    flat = places.ravel()
    content = table.content.select(list(items)).take(pa.array(flat, mask=flat < 0))
    said = pa.table({person: table.content[person].take(first)} | own)
    return Waves(
        names,
        table_of(_path(table, BY_PERSON), said, spelled=table.spelled),
        table_of(_path(table, STACKED), content, spelled=table.spelled),
    )


def _found(table: Table, items: Sequence[str]) -> tuple[str, ...]:
    """Return the waves that all items have a column for, numbers by size."""
    own: list[dict[str, None]] = []
    for item in items:
        before, after = map(re.escape, item.split(WAVE))
        matches = (re.fullmatch(f"{before}(.+){after}", name) for name in table.names)
        own.append(dict.fromkeys(match[1] for match in matches if match))
        if not own[-1]:
            raise DataError(
                f"'{table.path}' has no column such as '{item}', with a wave in the place of the *"
            )
    names = [name for name in own[0] if all(name in one for one in own)]
    left = [
        (name, item)
        for name in dict.fromkeys(name for one in own for name in one)
        for item, one in zip(items, own, strict=True)
        if name not in one
    ]
    if left:
        name, item = left[0]
        warnings.warn(
            f"no wave '{name}', as there is no column '{item.replace(WAVE, name)}'; --waves says "
            "which waves are taken",
            MixturaWarning,
            stacklevel=2,
        )
    return tuple(sorted(names, key=_natural))


def _in_order(table: Table, wave: str, when: Sequence[str]) -> tuple[str, ...]:
    """Return the waves as the file orders their labels, or numbers by size and texts by letters."""
    labels = table.order(wave)
    if labels is not None:
        return tuple(label for label in labels if label in when)
    return tuple(sorted(when, key=_natural))


def _natural(name: str) -> list[tuple[bool, float, str]]:
    """Return what names are sorted by: numbers in them by size, and before letters."""
    try:
        return [(False, float(name), "")]
    except ValueError:
        parts = re.split(r"(\d+)", name)
    return [(not p.isdecimal(), float(p) if p.isdecimal() else 0.0, p) for p in parts if p]


def _check_waves(table: Table, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ParameterError("--waves names a wave twice; name each once")
    if len(names) < 2:
        found = f"one only, '{names[0]}'" if names else "none"
        raise DataError(
            f"'{table.path}' has to have two waves at least, and {found} is found for all items"
        )


def _called(items: Sequence[str], table: Table) -> list[str]:
    """Return what items are called: their names without the wave, where this tells them apart."""
    short = [item.replace(WAVE, "").strip("_.- ") for item in items]
    taken = [name for name in short if not name or name in table.kinds or short.count(name) > 1]
    return [item if name in taken else name for item, name in zip(items, short, strict=True)]


def _check_labels(table: Table, columns: Sequence[Sequence[str]], items: Sequence[str]) -> None:
    """Raise where columns of one item have not the same labels for their values."""
    for item, own in zip(items, zip(*columns, strict=True), strict=True):
        said = [
            (table.content.schema.field(name).metadata or {}).get(LABELS.encode()) for name in own
        ]
        for name, labels in zip(own, said, strict=True):
            if labels != said[0]:
                raise DataError(
                    f"columns '{own[0]}' and '{name}' of '{table.path}' are one item, '{item}', "
                    "and have not the same labels for their values; give both the same"
                )


def _of_one_kind(table: Table, columns: Sequence[Sequence[str]]) -> "pa.Table":
    """Return the columns of a table; those of one item are text where one of a file of text is."""
    import pyarrow as pa

    content = table.content
    if not table.spelled:
        return content
    for own in zip(*columns, strict=True):
        if not any(pa.types.is_string(content.schema.field(name).type) for name in own):
            continue
        for name in own:
            if table.kinds[name] in ("number", "boolean"):
                cells = [None if c is None else spelling(c) for c in content[name].to_pylist()]
                place = content.schema.get_field_index(name)
                content = content.set_column(place, name, pa.array(cells, pa.string()))
    return content


def _joined(table: Table, parts: "Sequence[pa.Table]", called: Sequence[str]) -> Table:
    """Return parts one below the other."""
    import pyarrow as pa

    try:
        content = pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"columns of '{table.path}' do not go together from wave to wave ({reason}): "
            f"{quoted_names(list(called))}; let those of an item hold one kind of cells"
        ) from error
    return table_of(_path(table, STACKED), content, spelled=table.spelled)


def _path(table: Table, rows: str) -> Path:
    return table.path.with_name(f"{table.path.name} ({rows})")


def _part(table: Table, start: int, size: int) -> Table:
    return table_of(table.path, table.content.slice(start, size), spelled=table.spelled)
