"""What `mixtura transition` is asked for: contradictions refused, files read into waves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtura.cli.asked import Asked, asked_of
from mixtura.cli.binding import ordinal_of
from mixtura.cli.class_relations import check_drawn, labels_for
from mixtura.cli.columns import looked_at
from mixtura.cli.contradictions import check_roles
from mixtura.cli.families import Request
from mixtura.cli.families.auto import AUTO
from mixtura.cli.families.categorical import CATEGORICAL
from mixtura.cli.families.mixed import MIXED
from mixtura.cli.rows import read_without
from mixtura.data.table import Table
from mixtura.data.waves import WAVE, Waves, waves_by_columns, waves_by_lines
from mixtura.errors import ParameterError
from mixtura.text import split_names

__all__ = ["AskedOfWaves"]

# Columns that say how people were drawn, by the option that names them.
DRAWN = {"weights": "sampling_weights", "strata": "strata", "clusters": "clusters"}


@dataclass(frozen=True, slots=True)
class AskedOfWaves:
    """The options of `mixtura transition`.

    Attributes
    ----------
    options : by name
    covariates : that foretell classes and moves
    names : for the classes, or none
    """

    options: Mapping[str, Any]
    covariates: Asked
    names: tuple[str, ...]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "AskedOfWaves":
        """Return what options ask for.

        Raises
        ------
        ParameterError
            If they contradict one another, or one says nothing.
        """
        if isinstance(options["structures"], str) or len(options["structures"]) != 1:
            raise ParameterError("--structure takes one: classes are compared by their number")
        if min(options["sizes"]) < 2:
            raise ParameterError("-k should be from 2 up: one class has nowhere to move to")
        covariates = asked_of(options["covariates"], "covariates")
        if options["covariates_on"] != "both" and not covariates.names:
            raise ParameterError("--covariates-on says what --covariates foretell; give these too")
        asked = cls(options, covariates, labels_for(options["sizes"], options["labels"]))
        check_drawn(asked.drawn, options["weights"], {"--tests": options["tests"]})
        _check_form(options)
        check_roles(split_names(options["columns"]), asked._jobs)
        return asked

    @property
    def _jobs(self) -> dict[str, list[str]]:
        """Return the columns with another job than to be an item, by option."""
        jobs = {
            f"--{option.replace('_', '-')}": split_names(self.options[option])
            for option in ("person", "wave", "id_column", "weights", "sampling_weights")
        }
        jobs["--id"] = jobs.pop("--id-column")
        return jobs | {"--covariates": list(self.covariates.names)}

    @property
    def drawn(self) -> dict[str, str | None]:
        """Return the columns that say how people were drawn."""
        return {name: self.options[option] for name, option in DRAWN.items()}

    @property
    def weighed_by(self) -> str | None:
        """Return the column of row weights of either kind, or None."""
        return self.options["weights"] or self.options["sampling_weights"]

    def waves(self, files: Sequence[str], called: Path) -> Waves:
        """Return people and their answers at each wave, as files have them.

        Parameters
        ----------
        called : what the files are called together
        """
        options = self.options
        roles = [options[name] for name in ("person", "wave", "id_column")]
        table = read_without(files, called, options["missing"], [*roles, self.weighed_by])
        items, wanted = split_names(options["columns"]), split_names(options["waves"])
        said = [name for name in (self.weighed_by, *self.drawn.values()) if name]
        said = [*dict.fromkeys([*said, *self.covariates.names])]
        if options["wave"] is None:
            table.check_known([*said, *split_names(options["id_column"])])
            waves = waves_by_columns(table, items, wanted)
            columns = [item.replace(WAVE, name) for name in waves.names for item in items]
            check_roles(columns, self._jobs)
            self._check_cells(table, columns)
            return waves
        others = (options["person"], options["wave"], *said)
        table.check_known(others)
        items = items or [name for name in table.names if name not in others]
        self._check_cells(table, split_names(options["columns"]))
        own = (options["person"], options["wave"], items)
        return waves_by_lines(table, *own, kept=said, waves=wanted)

    def _check_cells(self, table: Table, names: Sequence[str]) -> None:
        """Raise for the first cell that is no number, as the file has it, where it should be."""
        family = self.options["family"]
        if family in (MIXED.name, AUTO.name) and names:
            looked_at(table, names, ())
        elif family != CATEGORICAL.name:
            table.numeric(names, "nan")

    def request(self, waves: Waves) -> Request:
        """Return what is asked of the answers of all waves, one below the other."""
        options = self.options
        return Request(
            columns=() if options["columns"] is None else waves.answers.names,
            left_out=tuple(split_names(self.weighed_by)),
            sizes=tuple(options["sizes"]),
            structures=options["structures"],
            noise=None,
            exposure=None,
            mixing_weights="free",
            ordinal=ordinal_of(options["ordinal"]),
            ordinal_link=options["ordinal_link"],
            prior=options["prior"],
            criterion="bic",
            seed=options["seed"],
            starts=options["starts"],
            weights_column=self.weighed_by,
            sampled=options["sampling_weights"] is not None,
        )


def _check_form(options: Mapping[str, Any]) -> None:
    """Raise where it is not said whether a line is a person, or a person at a wave."""
    person, wave = options["person"], options["wave"]
    if (person is None) != (wave is None):
        raise ParameterError(
            "--person and --wave name the columns of a file with a line for each person and wave; "
            "give both, or neither where a row is a person"
        )
    if wave is None and options["columns"] is None:
        raise ParameterError(
            "--columns should name the items, with a * where the wave stands, such as "
            "'ever_*,likes_*'; or --person and --wave the columns of a file with a line for each"
        )
    if wave is not None and options["id_column"] is not None:
        raise ParameterError("--id is for files whose rows are people, and --person names them")
