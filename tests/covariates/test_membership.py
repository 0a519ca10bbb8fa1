"""Steps of the logit of classes, where terms go together or are of any size."""

import numpy as np
import pytest

from mixtura.covariates.membership import MembershipLikelihood


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("number", range(5))
def test_a_step_where_terms_go_together_is_finite_and_loses_nothing(
    size: float, number: int, fresh_seed: int
) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    term = size * rng.normal(size=(20, 1))
    design = np.hstack([np.ones((20, 1)), term, term])
    assigned = rng.dirichlet(np.ones(3), 20)
    at = MembershipLikelihood(design, rng.uniform(1, 500, 20), assigned, None, 0)
    before = np.zeros(6)
    after = at.climbed(before)
    assert np.isfinite(after).all()
    assert at(after).value >= at(before).value
    assert (after != before).any()
