"""The eight structures: counts of the paper's table, and what a code says."""

import pytest

from mixtura.components.factor_analyser.structures import (
    CODES,
    factor_structure,
    most_factors,
)
from mixtura.errors import ParameterError


@pytest.mark.parametrize(("p", "q", "g"), [(5, 1, 1), (12, 3, 4), (61, 5, 10)])
def test_covariance_parameters_are_those_of_the_papers_table(p: int, q: int, g: int) -> None:
    loadings = p * q - q * (q - 1) / 2
    counts = {
        "CCC": loadings + 1,
        "CCU": loadings + p,
        "CUC": loadings + g,
        "CUU": loadings + g * p,
        "UCC": g * loadings + 1,
        "UCU": g * loadings + p,
        "UUC": g * loadings + g,
        "UUU": g * loadings + g * p,
    }
    assert {code: factor_structure(code, q).n_parameters(g, p) for code in CODES} == counts


def test_ledermanns_bound_is_where_a_covariance_has_as_many_parameters() -> None:
    for n_columns in range(3, 40):
        form = factor_structure("UUU", most_factors(n_columns))
        assert form.n_parameters(1, n_columns) <= n_columns * (n_columns + 1) // 2
        more = factor_structure("UUU", form.n_factors + 1)
        assert more.n_parameters(1, n_columns) > n_columns * (n_columns + 1) // 2


def test_an_unknown_code_is_refused_with_those_there_are() -> None:
    with pytest.raises(ParameterError, match="use one of CCC, CCU, CUC, CUU, UCC, UCU, UUC, UUU"):
        factor_structure("VVV", 1)
