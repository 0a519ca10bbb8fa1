"""Fits of the command that go on where they were stopped: their checkpoint, beside what they write.

OUT.checkpoint holds what is finished of a fit, its options and what its files were. It goes when
the fit has come to its end.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mixtura.checkpoints import checkpoint, read_about
from mixtura.cli.standard_input import STANDARD_INPUT
from mixtura.data.paths import files_of
from mixtura.errors import CheckpointError, DataError, ParameterError

__all__ = ["FREE", "checkpoint_option", "continued", "resumable", "resume_option"]

# Of a file, its first and its last bytes are looked at.
LOOKED_AT = 1 << 16
# Options that say where to write and how often, and not what.
FREE = {"output", "force", "checkpoint", "resume", "cache"}
# And who does the work, which makes no difference, and how long it may take.
UNTOLD = {"engine", "budget"}

checkpoint_option = click.option(
    "--checkpoint",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With -o: how often what is finished is written to OUT.checkpoint, from which --resume "
    "goes on.",
)
resume_option = click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="OUT",
    help="Go on with a fit to this folder that was stopped; files and options are those it had.",
)


def file_of(output: Path) -> Path:
    """Return where the checkpoint of a fit to a folder stands."""
    # "." has no name of its own.
    named = output if output.name else output.absolute()
    if not named.name:
        raise ParameterError(f"'{output}' is no folder that a fit may be written to; name another")
    return named.with_name(f"{named.name}.checkpoint")


def continued(context: click.Context, output: Path) -> dict[str, Any]:
    """Return the options of a fit that was stopped, but for those that are free.

    Raises
    ------
    CheckpointError
        If there is no checkpoint of it, or an option is given that differs.
    """
    about = read_about(file_of(output))
    found = {}
    for option in context.command.params:
        name = option.name or ""
        if name in FREE or name not in about:
            continue
        source = context.get_parameter_source(name)
        given = source not in (ParameterSource.DEFAULT, None) and context.params[name] != ()
        if given and _text(context.params[name]) != about[name]:
            raise CheckpointError(
                f"the fit to '{output}' that was stopped had {about[name]} for "
                f"{option.opts[-1]}, and this has {_text(context.params[name])}; leave it out, or "
                "begin anew with -o and --force"
            )
        value = json.loads(about[name])
        value = tuple(value) if isinstance(value, list) else value
        found[name] = option.type_cast_value(context, value)
    return found


@contextmanager
def resumable(
    output: Path | None,
    options: Mapping[str, Any],
    *,
    seconds: float,
    goes_on: bool,
    force: bool,
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Keep what a fit to a folder has finished within, and say how it may go on if it is stopped.

    Parameters
    ----------
    output : the folder, or None where nothing is kept
    options : as they were given
    seconds : between two checkpoints
    goes_on : whether one that was stopped is to go on
    force : whether what is left of one is thrown away
    tell : says it

    Raises
    ------
    CheckpointError
        If files have changed, or anything else that the fit depends on.
    ParameterError
        If there is a checkpoint, and this is to be a new fit.
    """
    if output is None:
        yield
        return
    file = file_of(output)
    if not goes_on and file.exists():
        if not force:
            raise ParameterError(
                f"'{file}' is of a fit that was stopped; go on with `mixtura fit --resume "
                f"{output}`, or give --force to begin anew"
            )
        file.unlink()
    told = {name: _text(value) for name, value in options.items() if name not in UNTOLD}
    named = [name for name in options["files"] if name != STANDARD_INPUT]
    if any(not Path(name).is_absolute() for name in named):
        # Such names are of other files elsewhere.
        told = {"working directory": str(Path.cwd()), **told}
    try:
        with checkpoint(file, seconds, {**told, **_facts_of(options["files"])}):
            yield
    finally:
        if file.exists():
            tell(f"`mixtura fit --resume {output}` goes on where this fit was stopped")


def _text(value: Any) -> str:
    """Return an option as text, from which it can be made again."""
    return json.dumps(value, default=os.fspath)


def _facts_of(names: Sequence[str]) -> dict[str, str]:
    """Return what the files are: how long, and a digest of where they begin and end.

    Not when they were written: a copy of the same rows will do, and all rows are compared besides.
    """
    try:
        files = files_of(list(names)) or []
        found = {f"file '{file.resolve()}'": _fact_of(file) for file in files if file.is_file()}
    except (DataError, OSError):
        # Whoever reads them says what is wrong.
        return {}
    return found


def _fact_of(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        content = file.read(LOOKED_AT)
        file.seek(max(size - LOOKED_AT, 0))
        content += file.read(LOOKED_AT)
    return f"{size:,} bytes {hashlib.sha256(content).hexdigest()[:16]}"
