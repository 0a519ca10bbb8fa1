"""Which Python of a formula is evaluated that comes from a file: columns, numbers, known functions.

A formula is code. What a user writes is theirs; what a model file holds may be anybody's, so there
nothing is evaluated but arithmetic of columns and functions that are named here.
"""

import ast
from collections.abc import Collection

from mixtura.errors import ParameterError

__all__ = ["check_harmless"]

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
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
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
            return _check_arguments(
                function, [*given, *(each.value for each in keywords if each.arg)], keywords, names
            )
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
    """Check what a function is given: lists and texts are arguments, and sizes of bases small."""
    if any(each.arg is None for each in keywords):
        raise ParameterError(f"'{ast.unparse(function)}(**...)' of its formula is not evaluated")
    is_basis = isinstance(function, ast.Name) and function.id in BASES
    for place, each in enumerate(given):
        match each:
            case ast.Constant(value=int() as number) if is_basis and number > LARGEST:
                raise ParameterError(
                    f"a basis of {number} columns in its formula is larger than any is"
                )
            case ast.Constant(value=str() | None):
                continue
            case ast.List(elts=values) | ast.Tuple(elts=values):
                _check_arguments(function, values, [], names)
            case ast.Name() | ast.Attribute() if _is_known(each):
                # Contrasts without arguments, as in C(g, Sum).
                continue
            case ast.BinOp() if is_basis and place > 0:
                raise ParameterError("a basis in its formula has a size that is to be computed")
            case _:
                _check(each, names)
