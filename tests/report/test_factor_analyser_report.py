"""The page of factor analysers shows what its mixture holds."""

import numpy as np

from mixtura import FactorAnalyserMixture
from mixtura.report import report_of, write_report


def test_a_page_holds_loadings_and_the_shares_that_they_explain(tmp_path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 1)) @ rng.normal(size=(1, 5)) + rng.normal(size=(300, 5))
    rows[:120] += 6.0
    model = FactorAnalyserMixture(2, n_factors=1, random_state=0).fit(rows)
    path = tmp_path / "report.html"
    write_report(path, report_of(model, rows))
    page = path.read_text(encoding="utf-8")
    assert "Loadings of component 0" in page
    assert "Loadings of component 1" in page
    explained = (model.loadings_[0] ** 2).sum(axis=1)
    for share in explained / (explained + model.noise_variances_[0]):
        assert f"{share:.0%}" in page


def test_a_column_that_a_factor_takes_whole_is_a_heywood_case_and_is_said(tmp_path) -> None:
    # What column 2 has with the others is more than one factor and noise of its own allow:
    # λ_2² = 0.5² / 0.15 would be above its variance.
    covariance = np.full((4, 4), 0.15) + 0.85 * np.eye(4)
    covariance[2, [0, 1, 3]] = covariance[[0, 1, 3], 2] = 0.5
    drawn = np.random.default_rng(1).normal(size=(200, 4))
    even = np.linalg.qr(drawn - drawn.mean(axis=0))[0] * np.sqrt(200)
    rows = even @ np.linalg.cholesky(covariance).T
    model = FactorAnalyserMixture(1, n_factors=1, random_state=0).fit(rows)
    assert model.noise_variances_[0, 2] < 1e-3
    assert "factors leave next to no noise in 'x2' in component 0" in model.summary()
    path = tmp_path / "report.html"
    write_report(path, report_of(model, rows))
    assert "Factors leave next to no noise" in path.read_text(encoding="utf-8")
