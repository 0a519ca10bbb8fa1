"""Options that contradict one another, refused before any work."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mixtura.data.transforms import Transform
from mixtura.errors import ParameterError

__all__ = ["check_excluded", "check_roles", "check_target", "check_transformed", "check_written"]


def check_target(output: Path | None, read: Sequence[Path]) -> None:
    """Raise `ParameterError` where the file to be written is one of those that are read."""
    if output is None or not output.exists():
        return
    for path in read:
        if path.exists() and path.samefile(output):
            raise ParameterError(
                f"-o names '{output}', which is read and would be replaced; name another file"
            )


def check_written(output: Path | None, asked: Mapping[str, bool]) -> None:
    """Raise `ParameterError` for options of what is written, by their names, without a folder."""
    for option, given in asked.items():
        if given and output is None:
            raise ParameterError(
                f"{option} says how -o is written, and there is no -o; give it too"
            )


def check_excluded(columns: Sequence[str], excluded: Sequence[str]) -> None:
    """Raise `ParameterError` where columns are named by --columns and others left out of all."""
    if columns and excluded:
        raise ParameterError(
            f"--columns names all that is fitted, so --exclude {','.join(excluded)} says nothing; "
            "give one of the two"
        )


def check_transformed(
    transforms: Sequence[Transform], columns: Sequence[str], others: Mapping[str, Sequence[str]]
) -> None:
    """Raise `ParameterError` where a column is not fitted, or has two functions.

    Parameters
    ----------
    transforms : that options name
    columns : names of --columns
    others : names of columns that are not fitted as such, by the option that gives them
    """
    named: dict[str, str] = {}
    for one in transforms:
        if named.get(one.column) == one.function:
            raise ParameterError(
                f"--{one.function} names column '{one.column}' twice; name it once"
            )
        taken = [option for option, names in others.items() if one.column in names]
        if one.column in named:
            taken.append(f"--{named[one.column]}")
        if taken:
            raise ParameterError(
                f"--{one.function} names column '{one.column}', and so does {taken[0]}; leave it "
                "out of one of them"
            )
        if columns and one.column not in columns:
            raise ParameterError(
                f"--{one.function} names column '{one.column}', which --columns leaves out; name "
                "it there too"
            )
        named[one.column] = one.function


def check_roles(columns: Sequence[str], roles: Mapping[str, Sequence[str]]) -> None:
    """Raise `ParameterError` where a column of --columns, or another, is named twice.

    Parameters
    ----------
    columns : names of those to be fitted, where they are given
    roles : names of others by the option that gives them
    """
    twice = [name for place, name in enumerate(columns) if name in columns[:place]]
    if twice:
        raise ParameterError(f"--columns names column '{twice[0]}' twice; name it once")
    jobs = dict.fromkeys(columns, "--columns")
    for option, names in roles.items():
        for name in names:
            if name in jobs:
                raise ParameterError(
                    f"{option} names column '{name}', and so does {jobs[name]}; a column has one "
                    "job: leave it out of one of them"
                )
        jobs |= dict.fromkeys(names, option)
