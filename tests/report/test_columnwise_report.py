"""Figures of columns that are independent in a component show what the components say."""

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE

from mixtura import Mixture
from mixtura.report.columnwise import bin_masses, telling_columns

# Yes-or-no columns have a page of their own, as items.
PAGED = [name for name in COLUMNWISE if name != "bernoulli"]
every_family = pytest.mark.parametrize("name", PAGED)


def mixture_of(name):
    one = COLUMNWISE[name]
    return Mixture(np.array([0.4, 0.6]), one.family, one.truth)


# A circle has no beginning to count from.
@pytest.mark.parametrize("name", [name for name in PAGED if name != "von_mises"])
@pytest.mark.parametrize("width", [1.0, 3.0, 20.0])
def test_lines_are_the_shares_of_bins(name, width):
    one = COLUMNWISE[name]
    whole = one.family.kinds[0].name == "count"
    starts = np.arange(1.0, 200.0, width) / (2000.0 if name == "beta" else 1.0)
    width = starts[1] - starts[0]
    found = bin_masses(mixture_of(name).marginal([1]), starts, width, whole=whole)
    law = one.distribution(*(array[:, 1] for array in one.numbers(one.truth)))
    edges = np.append(starts, starts[-1] + width)[:, None]
    expected = np.diff(law.cdf(edges - 1 if whole else edges), axis=0)
    np.testing.assert_allclose(found, expected, atol=2e-12 if whole else 2e-2)


@every_family
def test_the_columns_drawn_are_those_that_part_components(name):
    one = COLUMNWISE[name]
    numbers = [array.copy() for array in one.numbers(one.truth)]
    for array in numbers:
        array[1, 2] = array[0, 2]
    same = Mixture(np.array([0.4, 0.6]), one.family, type(one.truth)(*numbers))
    assert telling_columns(same, 2) == [0, 1]
    assert telling_columns(same, 3) == [0, 1, 2]
