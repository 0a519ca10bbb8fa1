"""A small sample of what `tests/fuzz.sh` draws for hours."""

import numpy as np
import pytest
from fuzzing.cases import case
from fuzzing.claims import Failed
from fuzzing.properties import check, check_leaks
from nightly import first
from numpy.testing import assert_allclose

from mixtura import GaussianMixture, NormalInverseWishart
from mixtura.components.gaussian.conjugate import ConjugatePrior
from mixtura.components.gaussian.covariance import FullCovariance
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.prior import ScatterPrior

pytestmark = pytest.mark.drawn(6)


@pytest.mark.parametrize("number", first(12, range(40)))
@pytest.mark.parametrize("seed", [7, 1007, 100_007, 10**10 + 7])
def test_what_holds_for_all_fits_holds_for_random_ones(seed: int, number: int) -> None:
    assert check(case(seed, number), number)


# What was wrong: levels held stayed tied; a prior of less than a row, or that overflows; counts of
# 4e11 drawn together; a prior's own rounding; no scatter that is a number; beyond float32; and rows
# with gaps that lie column by column; a component that y leaves no row of weight.
ONCE = [
    *((31000, 61), (31000, 360), (1501, 586), (1881, 10), (1881, 208), (64001, 35), (5001, 136)),
    *((5002, 140), (883, 1537)),
]


# The same of small fits: noise that has taken all rows, fits of no sweep beside it, sums of squares
# that are rounding alone, in a model file, a scatter of which rounding was left out, and a layout;
# noise in a plane, widths that are no numbers, equal weights that rounding moved, and equal means
# whose free neighbours it moved; common axes of weights that add up to 1e250, and starts none of
# which obeys what is held; a conjugate prior on the mean of no rows; an inverse of a triangle that
# was none to the last digit, in a model file; regressions that rounding alone keeps off their rows;
# equal shares of counts of 1e250; cumulative logits of a level that noise has taken;
# factors without scatter; a component without rows beside those that share with it, shapes of
# millions, volumes over 1e250 rows; waves of which no row speaks, directions without a scale,
# columns of which there is no mixture, groups that a limit ends, and components that are one value;
# chances that are all but none, steps whose squares are no numbers, and groups of
# rows that lie column by column.
SMALL = [
    (701, 378),
    (2701, 13),
    (2701, 71),
    (2701, 131),
    (2701, 208),
    (718, 1687),
    (1702, 6248),
    (803, 3451),
    (2130, 2545),
    (2130, 5231),
    (131, 117),
    (131, 9336),
    (2130, 3417),
    (131, 1971),
    (30111, 194),
    (30111, 1154),
    (100_002, 1345),
    (142_001, 1990),
    (42_001, 3541),
    (142_001, 5100),
    (143_001, 13452),
    *((147_001, 6623), (47_001, 5802), (47_001, 7699)),
    *((143_001, 8515), (143_001, 8980), (733, 4890)),
    *((10**10 + 1, 473), (10**10 + 1, 468), (10**10 + 1, 499), (10**10 + 1, 555)),
    *((10**10 + 1, 298), (10**10 + 1, 263)),
    *((10**10 + 2, 108), (10**10 + 2, 170), (10**10 + 2, 373)),
    *(
        (11796052489, 271),
        (11796052489, 361),
        (11796052710, 306),
        (11796055507, 498),
        (11796056106, 278),
        (31796056105, 214),
        (31796056105, 324),
    ),
]


@pytest.mark.parametrize(("seed", "number"), SMALL)
def test_what_once_did_not_hold_for_a_small_fit_holds(seed: int, number: int) -> None:
    assert check(case(seed, number), number)


@pytest.mark.parametrize(("seed", "number"), ONCE)
def test_what_once_did_not_hold_for_a_fit_holds(seed: int, number: int) -> None:
    assert check(case(seed, number, large=True), number)


def test_a_case_is_the_same_again() -> None:
    for seed in (3, 10**10 + 3):
        one, other = case(seed, 5), case(seed, 5)
        assert one.family == other.family
        assert repr(one.settings) == repr(other.settings)
        assert one.rows.tobytes() == other.rows.tobytes()


def test_what_does_not_hold_is_found() -> None:
    class Leak:
        category, message, filename, lineno = RuntimeWarning, "overflow", "a.py", 3

    with pytest.raises(Failed, match="a warning leaked"):
        check_leaks([Leak])


@pytest.mark.parametrize("total", [1e-100, 1e-3, 0.9, 1.0, 1.5])
@pytest.mark.parametrize("code", ["EII", "VVI", "VVV"])
def test_a_conjugate_prior_is_one_where_weights_add_up_to_less_than_two_rows(total, code):
    rng = np.random.default_rng(5)
    rows, weights = rng.normal(size=(30, 3)), rng.dirichlet(np.ones(30)) * total
    spread = 2 * np.cov(rows.T, aweights=weights, ddof=0)
    scale = spread if code == "VVV" else float(np.trace(spread)) / 3

    def fitted(prior):
        made = GaussianMixture(1, covariance_type=code, prior=prior)
        return made.fit(rows, sample_weight=weights).mixture_.covariance()

    expected = fitted(NormalInverseWishart(scale=scale))
    assert_allclose(fitted("conjugate"), expected, rtol=1e-9, atol=1e-14)
    assert np.linalg.eigvalsh(expected).min() > 0.01


@pytest.mark.parametrize("power", [100, 102])
def test_what_overflows_under_a_prior_is_as_unlikely_as_can_be(power: int) -> None:
    scatter = np.array([[2.0, 1.9], [1.9, 2.0]]) * 2.0**660
    own = np.array([[[2.0, -1.9], [0.0, 2.0]]]) * 2.0 ** (2 * power)
    thin = GaussianParameters(np.ones((1, 2)) * 2.0**300, FullCovariance(own))
    priors = [
        ScatterPrior(scatter, 3.0),
        ConjugatePrior(1.0, np.zeros(2), scatter, 3.0, shared=False),
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        assert [prior.log_density(thin) for prior in priors] == [-np.inf, -np.inf]
