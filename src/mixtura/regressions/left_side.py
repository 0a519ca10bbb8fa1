"""The left side of a formula: a column, a number made of some, or successes and failures."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.covariates.asked import outcomes_of
from mixtura.covariates.formulas import QUOTED, Formula, names_in
from mixtura.covariates.harmless import check_harmless
from mixtura.covariates.variables import Variable
from mixtura.data.categories import columns_of
from mixtura.data.frames import is_frame
from mixtura.errors import DataError, ParameterError

__all__ = ["harmless_response", "names_told", "responses_of", "rows_of_frame", "sides_of"]

Float = NDArray[np.float64]

# Successes and failures, as R has them.
BOUND = re.compile(r"\s*cbind\((.*)\)\s*", re.DOTALL)
NAME = re.compile(r"\s*(\w+|`[^`]+`)\s*")


def sides_of(text: str) -> tuple[str, str]:
    """Return the response and the terms of a formula, the response empty where there is none."""
    plain = re.sub("`[^`]*`", lambda found: "_" * len(found[0]), text)
    place = plain.find("~")
    return (text[:place].strip(), text[place + 1 :].strip()) if place >= 0 else ("", text.strip())


def names_told(response: str) -> tuple[str, ...]:
    """Return the columns that a left side needs; none where it is empty."""
    return Formula.of(_bound(response)).names if response else ()


def responses_of(response: str, data: Any) -> Float:
    """Return responses (N,) of a frame, or (N, 2) of successes and failures.

    Raises
    ------
    ParameterError
        If the left side is no response.
    DataError
        If columns are not there, or hold no numbers.
    """
    found = outcomes_of(_bound(response), data, rows_of_frame(data, response))
    both = BOUND.fullmatch(response) is not None
    if len(found) != 1 + both:
        raise ParameterError(
            f"'{response}' is no response: write a column, a number made of some such as log(y), "
            "or of binomials cbind(successes, failures)"
        )
    columns = [_numbers(one) for one in found]
    return np.column_stack(columns) if both else columns[0]


def harmless_response(response: str) -> str:
    """Return a left side of which all that is evaluated may come from a file."""
    for part in _parts(response):
        if not NAME.fullmatch(part):
            code = QUOTED.sub("column", part).strip()
            check_harmless(code, {"column", *names_in(response, code)})
    return response


def rows_of_frame(data: Any, text: str) -> int:
    """Return how many rows a frame has.

    Raises
    ------
    DataError
        If it is no frame with names.
    """
    if not is_frame(data):
        raise DataError(
            f"the formula '{text}' is about named columns, and X has none; give a data frame"
        )
    return len(columns_of(data)[0][0])


def _bound(response: str) -> str:
    """Return the left side as formulaic has it: its parts, of two of cbind, added."""
    parts = _parts(response)
    return " + ".join(part if NAME.fullmatch(part) else f"I({part})" for part in parts)


def _parts(response: str) -> list[str]:
    """Return the left side, or of cbind what commas separate that are in no parentheses."""
    both = BOUND.fullmatch(response)
    if both is None:
        return [response] if response else []
    depth, parts = 0, [""]
    for letter in both[1]:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _numbers(variable: Variable) -> Float:
    """Return the numbers of a response; of truth values 0 and 1."""
    if not variable.levels:
        return variable.cells
    if not all(isinstance(level, (bool, np.bool_)) for level in variable.levels):
        raise DataError(
            f"response '{variable.name}' holds categories such as {variable.levels[0]!r}; a "
            "response is a number, or of a binomial also a truth value"
        )
    values = np.append(np.array(variable.levels, dtype=np.float64), np.nan)
    codes = np.where(np.isnan(variable.cells), -1, variable.cells).astype(np.intp)
    return values[codes]
