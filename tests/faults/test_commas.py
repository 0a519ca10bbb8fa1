"""Numbers with commas are never left out as text (row 15), doubled names are counted (24)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import DataError, GaussianMixture
from mixtura.cli.command import command


@pytest.mark.parametrize("family", ["gaussian", "auto"])
@pytest.mark.parametrize(
    ("separator", "form"), [(";", lambda number: f"{number:.3f}".replace(".", ",")), ("\t", "{:,}")]
)
def test_row_15_numbers_with_commas_are_named(
    family: str, separator: str, form: Any, tmp_path: Path, fresh_seed: int
) -> None:
    numbers = np.random.default_rng(fresh_seed).integers(1100, 9900, 40)
    shown = [form.format(one) if isinstance(form, str) else form(one / 7) for one in numbers]
    file = tmp_path / "commas.csv"
    file.write_text("\n".join([separator.join("ab"), *(f"{one}{separator}1.5" for one in shown)]))
    ran = CliRunner().invoke(command, ["fit", str(file), "-k", "2", "--family", family])
    assert ran.exit_code == 1
    named = f"'{file}' is not numeric: row 1 (counted from 1) holds '{shown[0]}'"
    assert named in ran.output
    assert "write decimals with a point" in ran.output


def test_row_24_further_names_that_stand_twice_are_counted() -> None:
    rows = pd.DataFrame(np.eye(6), columns=list("aabbcd"))
    with pytest.raises(DataError, match="two columns are called 'a', and 1 more name"):
        GaussianMixture(2).fit(rows)
    with pytest.raises(DataError, match="two columns are called 'a'; rename"):
        GaussianMixture(2).fit(rows.iloc[:, [0, 1, 2]])


def test_row_24_the_command_counts_them_too(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,a,b,b,c,c\n" + "1,2,3,4,5,6\n" * 5)
    done = CliRunner().invoke(command, ["fit", str(file), "-k", "1"])
    assert done.exit_code == 1
    assert "named 'a', and 2 further name(s) stand twice; rename" in " ".join(done.output.split())
