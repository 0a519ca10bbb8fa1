"""Counts whose zeros have a number of their own: against pscl, and at their edges."""

import numpy as np
import pytest
from scipy import stats

import mixtura
from mixtura.inference import standard_errors

# Long's (1990) counts of articles, as pscl's bioChemists has them.
ARTICLES = {
    **{0: 275, 1: 246, 2: 178, 3: 84, 4: 67, 5: 27, 6: 17, 7: 12},
    **{8: 1, 9: 2, 10: 1, 11: 1, 12: 2, 16: 1, 19: 1},
}
MADE = {0: 60, 1: 9, 2: 7, 3: 8, 4: 4, 5: 6, 8: 3, 9: 2, 14: 4, 30: 1}
INFLATED, HURDLE = "zero_inflations", "zero_probabilities"

# pscl 1.5.5 in R 4.2.2, zeroinfl and hurdle of y ~ 1 | 1 with reltol=1e-15: the log-likelihood, the
# mean of the counts, the probability (of a further zero, of 0), and theta.
OF_PSCL = [
    ("ZeroInflatedPoissonMixture", ARTICLES, -1679.39108421, 2.13377199, 0.20661805, None),
    ("HurdlePoissonMixture", ARTICLES, -1679.39108421, 2.13377199, 0.30054645, None),
    ("ZeroInflatedNegativeBinomialMixture", ARTICLES, -1609.93674474, 1.69290, 0.0, 1.70620),
    ("HurdleNegativeBinomialMixture", ARTICLES, -1608.97130433, 1.545328, 0.30054645, 1.296414),
    ("ZeroInflatedPoissonMixture", MADE, -228.33167377, 4.9884927, 0.57401962, None),
    ("HurdlePoissonMixture", MADE, -228.33167377, 4.9884927, 0.57692308, None),
    ("ZeroInflatedNegativeBinomialMixture", MADE, -180.850241188, 3.543308, 0.400278, 0.660404),
    ("HurdleNegativeBinomialMixture", MADE, -180.850241188, 3.543308, 0.57692308, 0.660404),
]


def column(table):
    return np.repeat([float(count) for count in table], list(table.values()))[:, None]


@pytest.mark.parametrize(("name", "table", "log_likelihood", "mean", "share", "size"), OF_PSCL)
def test_one_component_is_that_of_pscl(name, table, log_likelihood, mean, share, size):
    fit = getattr(mixtura, name)(prior=None).fit(column(table))
    own = {
        key: array.item()
        for key, array in fit.mixture_.family.arrays(fit.mixture_.parameters).items()
    }
    assert fit.log_likelihood_ == pytest.approx(log_likelihood, abs=3e-6)
    assert own.get("rates", own.get("count_means")) == pytest.approx(mean, rel=3e-6)
    assert own.get(INFLATED, own.get(HURDLE)) == pytest.approx(share, abs=3e-7)
    assert own.get("sizes") == (None if size is None else pytest.approx(size, rel=3e-6))


def test_counts_with_few_zeros_are_plain_ones():
    rows = np.random.default_rng(0).binomial(12, 0.3, (300, 1))
    fit = mixtura.ZeroInflatedPoissonMixture().fit(rows)
    plain = mixtura.PoissonMixture().fit(rows)
    assert fit.zero_inflations_.item() == 0.0
    assert fit.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-9)
    spread = mixtura.ZeroInflatedNegativeBinomialMixture().fit(rows)
    assert np.isinf(spread.sizes_).all()
    assert spread.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-9)


def test_a_hurdle_may_have_fewer_zeros_than_its_counts():
    rng = np.random.default_rng(1)
    rows = np.where(rng.random((900, 1)) < 0.02, 0, 1 + rng.poisson(0.4, (900, 1)))
    fit = mixtura.HurdlePoissonMixture().fit(rows)
    share = (rows == 0).mean()
    assert fit.zero_probabilities_.item() == pytest.approx(share)
    rate = fit.rates_.item()
    assert np.exp(-rate) > 2 * share
    assert rate / -np.expm1(-rate) == pytest.approx(rows[rows > 0].mean())


@pytest.mark.parametrize("name", ["HurdlePoissonMixture", "HurdleNegativeBinomialMixture"])
@pytest.mark.parametrize("rows", [[[0.0], [0.0]], [[1.0], [1.0], [0.0]], [[4.0], [4.0]]])
def test_columns_of_one_count_are_fitted(name, rows):
    with pytest.warns() if len({row[0] for row in rows}) == 1 else np.errstate():
        fit = getattr(mixtura, name)(prior=None).fit(rows)
    q = np.mean([row[0] == 0 for row in rows])
    most = len(rows) * -stats.entropy([q, 1 - q])
    assert fit.log_likelihood_ == pytest.approx(most, abs=4.0)
    assert fit.zero_probabilities_.item() == pytest.approx(q)


def test_standard_errors_are_those_of_the_logit():
    """Of a hurdle zeros and counts are apart: sd(q)² = q (1 - q) / n."""
    rows = column(ARTICLES)
    fit = mixtura.HurdleNegativeBinomialMixture(prior=None).fit(rows)
    errors = standard_errors(fit.mixture_, rows)
    q = 275 / 915
    assert errors[HURDLE].item() == pytest.approx(np.sqrt(q * (1 - q) / 915), rel=1e-6)
