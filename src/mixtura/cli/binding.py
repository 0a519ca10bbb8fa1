"""`--fix`, `--equal` and `--ordinal`: what is known of components' numbers, by names or a file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mixtura.components.constraints import LINKS
from mixtura.errors import ParameterError
from mixtura.text import split_names

__all__ = [
    "check_fixed",
    "equal_of",
    "equal_option",
    "fix_option",
    "ordinal_link_option",
    "ordinal_of",
    "ordinal_option",
]

SHAPE = 'numbers by name, such as {"means": {"height": [170, null]}}'


class Fixed(click.ParamType):
    """A JSON file of numbers by name, null where free."""

    name = "FILE.json"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, Any]:
        if isinstance(value, Mapping):
            return dict(value)
        try:
            found = json.loads(Path(value).read_text("utf-8-sig"), object_pairs_hook=_once)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            self.fail(f"'{value}' is no JSON: {where}: {error.msg}", param, ctx)
        except OSError as error:
            self.fail(f"'{value}' cannot be read: {error.strerror}", param, ctx)
        except (UnicodeDecodeError, RecursionError):
            self.fail(f"'{value}' is no JSON; it should hold {SHAPE}", param, ctx)
        except ParameterError as error:
            self.fail(f"'{value}' {error}", param, ctx)
        if not isinstance(found, dict) or not found:
            self.fail(f"'{value}' should hold {SHAPE}, null where free", param, ctx)
        return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, no name of which is said twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParameterError(f"says '{twice}' twice; say it once")
    return found


class Equal(click.ParamType):
    """Numbers by name, of all columns or of some."""

    name = "NAME[=COLUMNS]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, tuple[str, ...]]:
        if not isinstance(value, str):
            name, columns = value
            return name, tuple(columns)
        name, is_of, columns = value.partition("=")
        chosen = tuple(split_names(columns))
        if not name.strip() or (is_of and not chosen):
            self.fail(f"{value!r} is not like means or means=height,age", param, ctx)
        return name.strip(), chosen


fix_option = click.option(
    "--fix",
    type=Fixed(),
    help="File of numbers of the components that are held, by name and column, null where free: "
    '{"means": {"height": [170, null]}} with -k 2; whole covariances by component.',
)
equal_option = click.option(
    "--equal",
    type=Equal(),
    multiple=True,
    help="Numbers that are the same in all components, such as means or rates, or those of some "
    "columns: means=height,age. May be given several times.",
)


ordinal_option = click.option(
    "--ordinal",
    multiple=True,
    metavar="ITEMS",
    help="Items whose answers have an order: all, some separated by commas, or one with its "
    "answers from lowest to highest, 'trust=low<middle<high'. May be given several times.",
)


ordinal_link_option = click.option(
    "--ordinal-link",
    type=click.Choice(LINKS),
    default=LINKS[0],
    show_default=True,
    help="Logits of --ordinal items: of each answer against the next, or of all up to it.",
)


def check_fixed(fix: Mapping[str, Any] | None, sizes: Sequence[int]) -> None:
    """Raise `ParameterError` where numbers of each component are held, and K is open."""
    if fix is not None and len(sizes) > 1:
        raise ParameterError(
            "--fix holds numbers of so many components; say of how many by -k, such as -k 2"
        )


def equal_of(given: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, Any] | None:
    """Return what is equal as estimators take it: True, or names of columns, by name.

    Raises
    ------
    ParameterError
        If a name is said twice, or a column of one.
    """
    found: dict[str, Any] = {}
    for name, columns in given:
        if name in found:
            raise ParameterError(
                f"--equal says '{name}' twice; name its columns in one, such as {name}=a,b"
            )
        twice = [column for place, column in enumerate(columns) if column in columns[:place]]
        if twice:
            raise ParameterError(f"--equal names column '{twice[0]}' twice; name it once")
        found[name] = list(columns) or True
    return found or None


def ordinal_of(given: Sequence[str]) -> bool | dict[str, tuple[str, ...] | bool] | None:
    """Return which items have answers in an order: True for all, or by name with these, if said.

    Raises
    ------
    ParameterError
        If an item is named twice.
    """
    if "all" in [one.strip() for one in given]:
        if len(given) > 1:
            raise ParameterError(
                "--ordinal all is given with further items; give it alone, or name every item"
            )
        return True
    found: dict[str, tuple[str, ...] | bool] = {}
    for one in given:
        name, has_order, answers = one.partition("=")
        order = tuple(answer.strip() for answer in answers.split("<"))
        names = [name.strip()] if has_order else split_names(one)
        for each in names:
            if each in found:
                raise ParameterError(f"--ordinal names '{each}' twice; name it once")
            found[each] = order if has_order else True
    return found or None
