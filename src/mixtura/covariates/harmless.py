"""Which Python of a formula is evaluated that comes from a file: columns, numbers, known functions.

A formula is code. What a user writes is theirs; what a model file holds may be anybody's, so there
nothing is evaluated but arithmetic of columns and functions that are named here.
"""

import ast
from collections.abc import Collection
from math import inf

from mixtura.errors import ParameterError

__all__ = ["NO_PYTHON", "check_harmless"]

# What parsing raises of a text that is no Python, or is nested deeper than the parser goes.
NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)

BASES = frozenset({"bs", "cc", "cr", "cs", "poly"})
FUNCTIONS = BASES | {
    *("C", "I", "center", "scale", "standardize"),
    *("exp", "exp10", "exp2", "log", "log10", "log2"),
    *("Diff", "Helmert", "Poly", "Sum", "Treatment"),
}
MEMBERS = {
    "np": frozenset(
        {"abs", "arctan", "ceil", "clip", "cos", "exp", "expm1", "floor", "fmax", "fmin", "log"}
        | {"log10", "log1p", "log2", "maximum", "minimum", "sign", "sin", "sqrt", "square", "tan"}
        | {"tanh", "where"}
    ),
    "contr": frozenset({"diff", "helmert", "poly", "sum", "treatment"}),
}
OPERATORS = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.UAdd, ast.USub, ast.Not, ast.Invert, ast.BitAnd, ast.BitOr, ast.And, ast.Or),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)
# A basis of more columns, or a power that is higher, is none that a fit was made with.
LARGEST = 100
# Arguments of bases that are places along a column, and no numbers of columns.
ALONG = frozenset({"knots", "lower_bound", "upper_bound"})
# Code of more characters is no factor of a formula.
LONGEST = 10_000


def check_harmless(code: str, names: Collection[str]) -> None:
    """Raise `ParameterError` for code of a factor that does more than transform columns.

    Parameters
    ----------
    code : without backticks
    names : what columns are called there
    """
    if len(code) > LONGEST:
        raise ParameterError("a factor of its formula is longer than any is")
    try:
        tree = ast.parse(code, mode="eval")
    except NO_PYTHON as error:
        raise ParameterError(f"'{code[:80]}' of its formula is no Python") from error
    try:
        _check(tree.body, names)
    except RecursionError as error:
        raise ParameterError("a factor of its formula is nested deeper than any is") from error


def _check(node: ast.expr, names: Collection[str]) -> None:
    match node:
        case ast.Name(id=name) if name in names:
            return None
        case ast.Constant(value=bool() | int() | float()):
            return None
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)):
            # A power of numbers alone may have more digits than there is memory.
            named = any(isinstance(one, ast.Name) for one in ast.walk(left))
            if named and abs(power) <= LARGEST:
                return _check(left, names)
        case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, OPERATORS):
            _check(left, names)
            return _check(right, names)
        case ast.UnaryOp(op=operator, operand=operand) if isinstance(operator, OPERATORS):
            return _check(operand, names)
        case ast.BoolOp(values=values):
            return _check_all(values, names)
        case ast.Compare(left=left, ops=operators, comparators=others):
            if all(isinstance(one, OPERATORS) for one in operators):
                return _check_all([left, *others], names)
        case ast.Call(func=function, args=given, keywords=keywords) if _is_known(function):
            return _check_arguments(function, given, keywords, names)
        case _:
            pass
    raise ParameterError(
        f"'{ast.unparse(node)[:80]}' of its formula is not evaluated, as a file may be anybody's; "
        "fit the model again where that is meant"
    )


def _check_all(nodes: list[ast.expr], names: Collection[str]) -> None:
    for each in nodes:
        _check(each, names)


def _is_known(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in FUNCTIONS
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return name in MEMBERS.get(owner, ())
    return False


def _check_arguments(
    function: ast.expr,
    given: list[ast.expr],
    keywords: list[ast.keyword],
    names: Collection[str],
) -> None:
    """Check what a function is given: of a basis the column, and how large it is as plain numbers.

    Whatever has to be computed, even of numbers alone, may be a size of any size.
    """
    if any(each.arg is None for each in keywords):
        raise ParameterError(f"'{ast.unparse(function)}(**...)' of its formula is not evaluated")
    named = {each.arg: each.value for each in keywords}
    if isinstance(function, ast.Name) and function.id in BASES:
        for each in given[1:]:
            _check_size(each, LARGEST)
        for name, each in named.items():
            _check_size(each, inf if name in ALONG else LARGEST)
        given, named = given[:1], {}
    for each in [*given, *named.values()]:
        _check_argument(each, names)


def _check_argument(node: ast.expr, names: Collection[str]) -> None:
    """Check one argument: lists and texts are some, and contrasts without arguments, as in Sum."""
    match node:
        case ast.Constant(value=str() | None):
            return
        case ast.List(elts=values) | ast.Tuple(elts=values):
            for each in values:
                _check_argument(each, names)
        case ast.Name() | ast.Attribute() if _is_known(node):
            return
        case _:
            _check(node, names)


def _check_size(node: ast.expr, largest: float) -> None:
    """Check that an argument of a basis is a text, a number up to the largest, or a few numbers."""
    match node:
        case ast.Constant(value=str() | None):
            return
        case (
            ast.Constant(value=int() | float() as number)
            | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number))
        ) if number <= largest:
            return
        case ast.List(elts=values) | ast.Tuple(elts=values) if len(values) <= LARGEST:
            for each in values:
                _check_size(each, inf)
        case _:
            raise ParameterError(
                f"'{ast.unparse(node)[:80]}' of its formula is no size of a basis, which is a "
                f"number up to {LARGEST}"
            )
