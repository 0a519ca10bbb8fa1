"""Model files of regressions, which commands about rows do not read."""

import numpy as np
import pytest
from click.testing import CliRunner

from mixtura import MixtureRegressor
from mixtura.cli.command import command


@pytest.fixture
def regressions(tmp_path):
    rng = np.random.default_rng(5)
    X, z = rng.normal(size=(80, 2)), rng.integers(0, 2, 80)
    y = np.where(z, 1 + 2 * X[:, 0], -3 - X[:, 1]) + 0.1 * rng.normal(size=80)
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b", comments="")
    MixtureRegressor(2, random_state=0).fit(X, y).save(tmp_path / "lines.mixtura")
    return tmp_path


@pytest.mark.parametrize(
    "asked",
    [
        ["predict", "lines.mixtura", "rows.csv"],
        ["compare", "lines.mixtura", "lines.mixtura", "rows.csv"],
        ["merge", "lines.mixtura", "rows.csv", "-o", "merged"],
        ["update", "lines.mixtura", "rows.csv", "-o", "more.mixtura"],
    ],
)
def test_commands_about_rows_say_where_regressions_are_read(regressions, monkeypatch, asked):
    monkeypatch.chdir(regressions)
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 1
    assert "'lines.mixtura' is of regressions" in found.stderr
    assert "mixtura.load('lines.mixtura')" in found.stderr


def test_regressions_are_summarised(regressions):
    found = CliRunner().invoke(command, ["summary", str(regressions / "lines.mixtura")])
    assert found.exit_code == 0
    assert "Gaussian regressions (identity link), 2 components" in found.output
