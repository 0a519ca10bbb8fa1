"""The mixtures of groups in a model file are those that were saved."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from mixtura import GaussianMixture, fit_by, load
from mixtura.errors import ModelFileError, ParameterError


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(90, 2)) + np.repeat([[0.0, 0], [9, 9]], 45, axis=0)


@pytest.mark.parametrize("groups", [["north", "south", "west"] * 30, [3, 1, 2] * 30])
def test_what_is_loaded_says_what_was_saved(rows, groups, tmp_path):
    rows[2::3, 1] = 4.0
    fits = fit_by(GaussianMixture(2, random_state=0), rows, groups)
    assert (~fits.trusted).sum() == 1
    fits.save(tmp_path / "model.mixtura")
    again = load(tmp_path / "model.mixtura")
    assert again.table() == fits.table()
    np.testing.assert_allclose(
        [row["value"] for row in again.components()],
        [row["value"] for row in fits.components()],
        rtol=1e-12,
    )
    known = [group not in ("west", 2) for group in groups]
    assert (
        again.predict(rows[known], np.array(groups)[known])
        == fits.predict(rows[known], np.array(groups)[known])
    ).all()


@pytest.mark.parametrize(
    "days",
    [
        [date(2024, 2, 29), date(2025, 1, 1), date(1, 1, 1)],
        [datetime(2024, 2, 29, 12, 30, 0, 7), datetime(2025, 1, 1), datetime(2025, 1, 2)],
        [datetime(2024, 2, 29, tzinfo=UTC), datetime(2025, 1, 1, 1, tzinfo=UTC)],
    ],
)
def test_groups_by_dates_and_times_are_kept(rows, days, tmp_path):
    fits = fit_by(GaussianMixture(1), rows, [days[n % len(days)] for n in range(90)])
    fits.save(tmp_path / "model.mixtura")
    again = load(tmp_path / "model.mixtura")
    assert again.groups == fits.groups == tuple(sorted(days))
    assert again.table() == fits.table()
    assert days[0] in again


@pytest.mark.parametrize("group", [(0, 1), pd.Timestamp("2024-01-01 00:00:00.000000001")])
def test_groups_of_other_types_are_not_kept(rows, group, tmp_path):
    fits = fit_by(GaussianMixture(1), rows, [group] * 90)
    with pytest.raises(ParameterError, match="text, numbers, dates or times"):
        fits.save(tmp_path / "model.mixtura")


def test_a_file_cut_short_is_refused(rows, tmp_path):
    path = tmp_path / "model.mixtura"
    fit_by(GaussianMixture(1), rows, ["a"] * 90).save(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelFileError):
        load(path)
