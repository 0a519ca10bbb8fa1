"""Progress is printed where that is asked for, and logged where somebody listens."""

import logging
import re

import numpy as np
import pytest

from mixtura import CategoricalMixture, GaussianMixture

ROWS = np.random.default_rng(0).normal(size=(300, 2))
LINE = re.compile(r"start 0, iteration \d+: objective -?\d+\.\d{5}")


def test_lines_are_printed_every_so_many_sweeps(capsys: pytest.CaptureFixture[str]) -> None:
    model = GaussianMixture(3, random_state=0, verbose=1, verbose_interval=1).fit(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(LINE.fullmatch(line.strip()) for line in lines)
    seconds = GaussianMixture(3, random_state=0, verbose=2, verbose_interval=1).fit(ROWS)
    timed = capsys.readouterr().out.splitlines()
    assert len(timed) == len(lines)
    assert all(re.fullmatch(LINE.pattern + r", \d+\.\d{3} s", line.strip()) for line in timed)
    GaussianMixture(3, random_state=0).fit(ROWS)
    assert not capsys.readouterr().out
    np.testing.assert_array_equal(model.means_, seconds.means_)


@pytest.mark.parametrize("estimator", [GaussianMixture(3), CategoricalMixture(2)])
def test_who_listens_to_the_log_is_told(
    estimator: GaussianMixture,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = ROWS if isinstance(estimator, GaussianMixture) else (ROWS > 0).astype(str)
    estimator.set_params(random_state=0, verbose_interval=1)
    with caplog.at_level(logging.WARNING, "mixtura"):
        estimator.fit(rows)
    assert not caplog.records
    with caplog.at_level(logging.INFO, "mixtura"):
        estimator.fit(rows)
    assert caplog.records
    assert all(one.name == "mixtura" and "objective" in one.getMessage() for one in caplog.records)
    assert not capsys.readouterr().out
