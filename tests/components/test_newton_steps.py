"""Steps of Newton on losses of regressions, where curvature is next to nothing."""

import numpy as np
import pytest

from mixtura.components.regression.parameters import RegressionMoments, RegressionParameters
from mixtura.components.regression.steps import newton


@pytest.mark.parametrize("curvature", [1e-10, 1e-100, 1e-188, 1e-290, 1e-305, 0.0])
def test_a_step_from_where_a_response_is_all_but_certain_loses_nothing(curvature: float) -> None:
    # One row on the wrong side of a line, of which a component has next to nothing.
    about = RegressionParameters(np.array([[29.0, 217.0]]), np.ones(1))
    axes = np.array([[1.0, 2.0], [-2.0, 1.0]]) / np.sqrt(5.0)
    moments = RegressionMoments(
        effective_rows=np.array([9.0]),
        cells=np.array([9.0]),
        losses=np.array([1e-11]),
        gradient=np.array([[4.7e-15, -1.5e-15]]),
        information=((axes * [curvature, curvature / 3]) @ axes.T)[None],
        about=about,
        is_guess=False,
        log_base=0.0,
    )
    step = newton(moments, 2.5, None, np.eye(2))
    assert np.isfinite(step.coefficients).all()
    assert 0.0 <= step.losses[0] <= moments.losses[0] * (1 + 1e-9)
