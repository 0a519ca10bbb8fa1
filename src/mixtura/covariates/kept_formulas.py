"""Formulas of a fit in model files: terms, levels, knots and means, and no code that is not known.

The formula is kept as its terms, each the factors that it is made of, and not as the text, so a
file asks for nothing to be parsed or expanded.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from mixtura.covariates.asked import FittedCovariates
from mixtura.covariates.formulas import QUOTED, FittedFormula, check_installed
from mixtura.covariates.harmless import check_harmless
from mixtura.errors import ParameterError

__all__ = ["document_of", "revived_covariates"]

NUMBERS, LEVELS = "numerical", "categorical"
# The key of a dict as a list of pairs, as keys of JSON are texts.
PAIRS = "~pairs"
KINDS = ("lookup", "python", "literal")
# What names in backticks stand for while code is looked at.
PLACE = "column_{}"


def document_of(covariates: FittedCovariates) -> dict[str, Any]:
    """Return how covariates of a formula are read, as JSON holds it.

    Raises
    ------
    ParameterError
        If levels are neither texts nor numbers, or the formula is code that `revived_covariates`
        would not evaluate.
    """
    formula = covariates.formula
    if formula is None:
        raise ParameterError("covariates without a formula are kept as columns")
    spec, names = formula.spec, [name for name, _ in covariates.columns]
    for term in spec.formula:
        for factor in term.factors:
            _check_factor(factor.expr, factor.eval_method.value, names)
    return {
        "text": formula.text,
        "columns": [[name, _plain(list(levels))] for name, levels in covariates.columns],
        "terms": [
            [[factor.expr, factor.eval_method.value] for factor in term.factors]
            for term in spec.formula
        ],
        "transforms": _plain(spec.transform_state),
        "factors": [
            [code, kind.value, _plain(list(state.get("categories", ())))]
            for code, (kind, state) in spec.encoder_state.items()
        ],
    }


def revived_covariates(document: Mapping[str, Any]) -> FittedCovariates:
    """Return what `document_of` described; nothing is evaluated yet.

    Raises
    ------
    ParameterError
        If a factor is code that is not evaluated, or formulaic is not installed.
    """
    text = str(document["text"])
    check_installed(text)
    from formulaic import ModelSpec, SimpleFormula
    from formulaic.parser.types import Factor, Term

    columns = tuple((str(name), tuple(_given(levels))) for name, levels in document["columns"])
    names = [name for name, _ in columns]
    terms: list[Any] = []
    for factors in document["terms"]:
        for code, how in factors:
            _check_factor(str(code), str(how), names)
        terms.append(Term([Factor(str(code), eval_method=how) for code, how in factors]))
    states: dict[str, Any] = {}
    for code, kind, levels in document["factors"]:
        found = tuple(_given(levels))
        states[str(code)] = (Factor.Kind(kind), {"categories": list(found)} if found else {})
    formula: Any = SimpleFormula(terms, _ordering="none")
    spec = ModelSpec(
        formula=formula,
        output="pandas",
        transform_state=_given(document["transforms"]),
        encoder_state=states,
    )
    return FittedCovariates(columns, FittedFormula(text, spec))


def _check_factor(code: str, how: str, names: list[str]) -> None:
    if how not in KINDS:
        raise ParameterError(f"'{how}' is no kind of factor")
    if how == "lookup" and code not in names:
        raise ParameterError(f"its formula has no column '{code}'")
    if how == "literal" and not re.fullmatch(r"[0-9.]{1,20}", code):
        raise ParameterError(f"'{code[:80]}' of its formula is no number")
    if how == "python":
        quoted = {name: PLACE.format(place) for place, name in enumerate(QUOTED.findall(code))}
        if not set(quoted) <= set(names):
            raise ParameterError("its formula quotes a column that it has not")
        plain = QUOTED.sub(lambda found: quoted[found[1]], code).strip("{} ")
        check_harmless(plain, {*names, *quoted.values()})


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {PAIRS: [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise ParameterError(
        f"the formula has a level or a state {value!r}, which a model file cannot hold; make it "
        "text or a number, and fit again"
    )


def _given(value: Any) -> Any:
    """Return what `_plain` was given."""
    if isinstance(value, Mapping):
        return {_given(key): _given(each) for key, each in value[PAIRS]}
    return [_given(each) for each in value] if isinstance(value, list) else value
