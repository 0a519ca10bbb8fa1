"""Where a table of rows goes: to standard output, a file, or a folder of files."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixtura.cli.contradictions import check_target, check_written
from mixtura.cli.output import output_folder
from mixtura.cli.standard_output import binary_output
from mixtura.errors import ParameterError
from mixtura.scoring.writing import Part, write_folder, write_parts

__all__ = ["RowsOutput"]


@dataclass(frozen=True, slots=True)
class RowsOutput:
    """A target as it is given: a folder is one that is there, or a name with a slash at its end.

    Attributes
    ----------
    given : the name, or None for standard output
    force : whether a folder's files of before are replaced
    """

    given: str | None
    force: bool

    def check(self, read: Sequence[Path]) -> None:
        """Raise `ParameterError` where a file would be replaced that is read."""
        target = None if self.given is None else Path(self.given)
        check_target(target, read)
        check_written(target, {"--force": self.force})
        if target is None or not self._is_folder:
            return
        place = target.resolve()
        for path in read:
            if place in path.resolve().parents:
                raise ParameterError(
                    f"-o names '{target}', and '{path}' in it is read; name another folder"
                )

    def write(self, parts: Iterable[Part]) -> None:
        """Write the parts as they come; a file or a folder appears whole or not at all."""
        if self.given is None:
            write_parts(parts, binary_output())
        elif not self._is_folder:
            write_parts(parts, Path(self.given))
        else:
            with output_folder(Path(self.given), force=self.force) as folder:
                names = write_folder(parts, folder.partial)
                folder.hand_over(*names[:1], *([f"... {names[-1]}"] if names[1:] else []))

    @property
    def _is_folder(self) -> bool:
        if self.given is None:
            return False
        return self.given.endswith(("/", os.sep)) or Path(self.given).is_dir()
