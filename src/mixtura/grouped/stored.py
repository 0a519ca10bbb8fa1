"""The mixtures of many groups in a model file: their arrays one above the other."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.archive import write_archive
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.store import GROUPED, described_mixture, parts_of, refusing

__all__ = ["StoredMixtures", "save_groups", "stored_groups"]

Arrays = dict[str, NDArray[Any]]

# What begins the names of arrays of all groups, and of those of mixtures.
OF_GROUPS, OF_MIXTURES = "groups.", "mixture."
# What is told of all groups.
TOLD = ("n_rows", "total_weight", "log_likelihood", "converged", "sound", "n_parameters")


@dataclass(frozen=True, slots=True, eq=False)
class StoredMixtures(Sequence[Mixture | None]):
    """Mixtures of a model file, each made when it is asked for.

    Attributes
    ----------
    path : of the file
    places : (G,) of each group's mixture among them, -1 where there is none
    arrays : (M, ...) of all mixtures
    documents : what is the same of several
    told : (M,) which of these is each mixture's
    """

    path: str | os.PathLike[str]
    places: NDArray[np.int64]
    arrays: Arrays
    documents: list[dict[str, Any]]
    told: NDArray[np.int64]

    def __len__(self) -> int:
        """Return G."""
        return len(self.places)

    def __getitem__(self, number: Any) -> Any:
        """Return the mixture of a group by its number, or some in a list."""
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        place = int(self.places[number])
        if place < 0:
            return None
        own = {name: array[place] for name, array in self.arrays.items()}
        document = self.documents[int(self.told[place])]
        return described_mixture(self.path, own, {**document, "facts": {}})[0]


def save_groups(path: str | os.PathLike[str], fits: Any) -> None:
    """Write what is known of groups, `GroupedMixtures`, to a model file."""
    groups = [_written(group) for group in fits.groups]
    parts = [None if one is None else parts_of(one) for one in fits.mixtures]
    found = [part for part in parts if part is not None]
    # Groups differ in few ways, such as answers that nobody gave.
    documents: dict[str, dict[str, Any]] = {}
    numbers: dict[str, int] = {}
    told_by = np.empty(len(found), dtype=np.int64)
    shapes = {name: array.shape for name, array in found[0][0].items()} if found else {}
    for place, (arrays, document) in enumerate(found):
        if {name: one.shape for name, one in arrays.items()} != shapes:
            raise ParameterError(
                "mixtures of unlike forms are not kept in one model file; save each by its own"
            )
        key = json.dumps(document, sort_keys=True)
        documents.setdefault(key, document)
        told_by[place] = numbers.setdefault(key, len(numbers))
    places = np.cumsum([part is not None for part in parts]) - 1
    places[[part is None for part in parts]] = -1
    stacked = {
        OF_MIXTURES + name: np.stack([arrays[name] for arrays, _ in found]) for name in shapes
    }
    told = {OF_GROUPS + name: np.asarray(getattr(fits, name), dtype=np.float64) for name in TOLD}
    state = {
        "by": fits.by,
        "groups": groups,
        "notes": {str(g): words for g, words in fits.notes.items()},
        "mixtures": list(documents.values()),
    }
    told |= {OF_GROUPS + "places": places.astype(np.int64), OF_GROUPS + "documents": told_by}
    write_archive(path, {**stacked, **told}, {GROUPED: state})


def _written(group: Any) -> Any:
    """Return the name of a group as JSON has it; that of a date is a list of one text."""
    if isinstance(group, str | bool | int | float):
        return group
    if isinstance(group, date):
        text = group.isoformat()
        if _read([text]) == group:
            return [text]
    raise ParameterError(
        "groups are kept in a model file by text, numbers, dates or times to the microsecond; let "
        f"by be a column of these, and not of such as {group!r}"
    )


def _read(written: Any) -> Any:
    if not isinstance(written, list):
        return written
    (text,) = written
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def stored_groups(
    path: str | os.PathLike[str], arrays: Arrays, document: dict[str, Any], made: Any
) -> Any:
    """Return what an archive says of groups, as `made` of what `GroupedMixtures` holds."""
    with refusing(path, "mixtures of groups"):
        state = document[GROUPED]
        groups = tuple(map(_read, state["groups"]))
        told = {name: arrays[OF_GROUPS + name] for name in TOLD}
        places = arrays[OF_GROUPS + "places"]
        own = {
            name.removeprefix(OF_MIXTURES): array
            for name, array in arrays.items()
            if name.startswith(OF_MIXTURES)
        }
        count = len(next(iter(own.values()), ()))
        if any(array.shape != (len(groups),) for array in (*told.values(), places)):
            raise ParameterError(f"there are {len(groups)} groups, and not as many numbers")
        if places.size and not (places.min() >= -1 and places.max() < count):
            raise ParameterError("groups have places beyond the mixtures")
        documents, told_by = list(state["mixtures"]), arrays[OF_GROUPS + "documents"]
        if any(len(array) != count for array in (*own.values(), told_by)):
            raise ParameterError("there are not as many arrays of each kind")
        if count and not 0 <= told_by.min() <= told_by.max() < len(documents):
            raise ParameterError("mixtures are said to be as none is")
        return made(
            by=str(state["by"]),
            groups=groups,
            mixtures=StoredMixtures(path, places, own, documents, told_by),
            n_rows=told["n_rows"].astype(np.int64),
            total_weight=told["total_weight"],
            log_likelihood=told["log_likelihood"],
            converged=told["converged"] != 0,
            sound=told["sound"] != 0,
            n_parameters=told["n_parameters"],
            notes={int(g): str(words) for g, words in state["notes"].items()},
        )
