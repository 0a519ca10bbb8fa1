"""Files of cytometers and telescopes are read as they are meant."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn
from astropy.table import Table as Catalogue
from click.testing import CliRunner
from flowio import create_fcs
from scipy.optimize import brentq

from mixtura import DataError, MixturaWarning, ParameterError, dataset, load
from mixtura.cli.command import command
from mixtura.data.files import read_table

CHANNELS = ["FSC-A", "FL1-A", "FL2-A", "Time"]
STAINS = ["", "CD4", "CD8", ""]


def cells_of(seed: int | None = None, n_rows: int = 400) -> np.ndarray:
    """Return events (N, 4) of two kinds of cells."""
    rng = np.random.default_rng(seed)
    bright = rng.random(n_rows) < 0.4
    light = np.where(bright[:, None], [4000.0, 150.0], [100.0, 3000.0])
    light = light * np.exp(rng.normal(0, 0.3, (n_rows, 2)))
    size = rng.normal(50_000, 4000, n_rows)
    # They are written in single precision.
    rows = np.column_stack([size, light, np.arange(n_rows)])
    return rows.astype(np.float32).astype(np.float64)


def write(path: Path, rows: np.ndarray, stains: list[str] | None = None, **keywords: str) -> Path:
    with path.open("wb") as file:
        create_fcs(file, rows.ravel().tolist(), CHANNELS, stains or STAINS, keywords)
    return path


def spillover(share: float, other: float, names: str = "FL1-A,FL2-A") -> str:
    return f"2,{names},1,{share},{other},1"


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


def test_events_are_called_by_what_channels_stain(tmp_path: Path) -> None:
    rows = cells_of()
    table = read_table(write(tmp_path / "cells.fcs", rows))
    assert table.names == ("FSC-A", "CD4", "CD8", "Time")
    np.testing.assert_array_equal(table.numeric(table.names, "error"), rows)
    # A stain that stands twice, or is the name of a channel, names none.
    for stains in (["", "CD4", "CD4", ""], ["", "FL2-A", "Time", " "]):
        assert read_table(write(tmp_path / "x.fcs", rows, stains)).names == tuple(CHANNELS)


def test_what_spilled_over_is_taken_out_and_the_name_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng()
    clean, mixed = cells_of(), cells_of()
    share, other = rng.uniform(0.02, 0.4, 2).round(4)
    # A dye shows in its own channel, and by a share in the other.
    mixed[:, 1] = clean[:, 1] + other * clean[:, 2]
    mixed[:, 2] = clean[:, 2] + share * clean[:, 1]
    path = write(tmp_path / "cells.fcs", mixed, spillover=spillover(share, other))
    table = read_table(path)
    assert table.names == ("FSC-A", "Comp-CD4", "Comp-CD8", "Time")
    found = table.numeric(["Comp-CD4", "Comp-CD8"], "error")
    np.testing.assert_allclose(found, clean[:, 1:3], rtol=1e-4)
    raw = dataset(path, ["CD8", "Comp-CD4"]).array()
    np.testing.assert_allclose(raw, np.column_stack([mixed[:, 2], clean[:, 1]]), rtol=1e-4)


@pytest.mark.parametrize("spelled", [spillover(0, 0), spillover(0.1, 0.1, "FL7-A,FL8-A")])
def test_channels_without_spillover_keep_their_names(tmp_path: Path, spelled: str) -> None:
    path = write(tmp_path / "cells.fcs", cells_of(), spillover=spelled)
    assert read_table(path).names == ("FSC-A", "CD4", "CD8", "Time")


@pytest.mark.parametrize("spelled", [spillover(1, 1), "2,FL1-A,FL2-A,1,x,0,1", "3,FL1-A,1"])
def test_a_spillover_matrix_that_is_none_is_told(tmp_path: Path, spelled: str) -> None:
    path = write(tmp_path / "cells.fcs", cells_of(), spillover=spelled)
    with pytest.raises(DataError, match=r"cells\.fcs' is damaged"):
        read_table(path)


@pytest.mark.parametrize("cut", [10, 30, 700])
def test_a_file_cut_short_is_told(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path / "cells.fcs", cells_of())
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"cells\.fcs' is damaged, cut short or not a \.fcs file"):
        read_table(path)


def bend(x: float, top: float) -> float:
    """Return the logicle of x by its definition, W = 0.5, M = 4.5, A = 0, odd about that of 0.

    GatingML 2.0 for what is above; below, what Moore and Parks (2012) do.
    """
    w, b = 0.5 / 4.5, 4.5 * np.log(10)
    if x < 0:
        return 2 * w - bend(-x, top)
    steep = brentq(lambda d: 2 * (np.log(d) - np.log(b)) + w * (b + d), 1e-9, b)
    c = np.exp(2 * w * (b + steep))
    f = np.exp(b * w) - c * np.exp(-steep * w)
    scale = top / (np.exp(b) - c * np.exp(-steep) - f)
    return brentq(lambda y: scale * (np.exp(b * y) - c * np.exp(-steep * y) - f) - x, -3, 3)


def test_a_logicle_is_the_root_that_defines_it(tmp_path: Path) -> None:
    rows = cells_of(n_rows=20)
    rows[0, 1:3] = 0.0, -500.0
    path = write(tmp_path / "cells.fcs", rows)
    asked = {"CD4": "logicle", "CD8": "logicle/10000", "FSC-A": "arcsinh/5"}
    names = ["logicle(CD4/262144)", "logicle(CD8/10000)", "arcsinh(FSC-A/5)"]
    found = dataset(path, names, transforms=asked).array()
    expected = [[bend(x, 262144.0), bend(y, 1e4)] for x, y in rows[:, 1:3]]
    np.testing.assert_allclose(found[:, :2], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found[:, 2], np.arcsinh(rows[:, 0] / 5), rtol=1e-12)


def test_a_model_of_cells_is_asked_of_other_files(tmp_path: Path) -> None:
    share = spillover(0.1, 0.2)
    path = write(tmp_path / "cells.fcs", cells_of(), spillover=share)
    other = write(tmp_path / "others.fcs", cells_of(), spillover=share)
    asked = ["--arcsinh", "Comp-CD4", "--cofactor", 50, "--logicle", "Comp-CD8", "-k", 2]
    asked += ["--columns", "Comp-CD4,Comp-CD8", "-f", "gaussian", "-s", "full"]
    done = run("fit", path, *asked, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    mixture = load(tmp_path / "out" / "model.mixtura")
    assert mixture.columns == ("arcsinh(Comp-CD4/50)", "logicle(Comp-CD8/262144)")
    done = run("predict", tmp_path / "out" / "model.mixtura", other)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 401


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--cofactor", "5"], "--cofactor is that of --arcsinh"),
        (["--log", "CD4", "--arcsinh", "CD4"], "column 'CD4', and so does --log"),
        (["--logicle", "CD4,CD4"], "--logicle names column 'CD4' twice"),
    ],
)
def test_functions_that_contradict_are_told(tmp_path: Path, asked: list[str], words: str) -> None:
    done = run("fit", write(tmp_path / "cells.fcs", cells_of()), *asked)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize("spelled", ["exp", "log/2", "arcsinh/", "arcsinh/-1", "arcsinh/x"])
def test_a_function_that_is_none_is_told(tmp_path: Path, spelled: str) -> None:
    path = write(tmp_path / "cells.fcs", cells_of())
    if spelled == "arcsinh/":
        assert dataset(path, ["arcsinh(CD4/150)"], transforms={"CD4": spelled}).array().size
        return
    with pytest.raises(ParameterError, match=f"'CD4' should be taken by .* got '{spelled}'"):
        dataset(path, transforms={"CD4": spelled})


@pytest.mark.parametrize("ending", ["fits", "fits.gz", "fit"])
def test_a_catalogue_is_read_with_gaps_text_and_several_values_a_row(
    tmp_path: Path, ending: str
) -> None:
    rng = np.random.default_rng()
    flux, counts = rng.normal(size=(30, 3)), rng.integers(0, 99, 30)
    gaps = rng.random(30) < 0.2
    table = Catalogue(
        {
            "name": [f"star {i}" for i in range(30)],
            "mag": np.where(gaps, np.nan, flux[:, 0]).astype(np.float32),
            "n": MaskedColumn(counts, mask=gaps, fill_value=-9),
            "flux": flux,
            "variable": counts > 50,
        }
    )
    path = tmp_path / f"stars.{ending}"
    table.write(path, format="fits")
    found = read_table(path)
    assert found.names == ("name", "mag", "n", "flux[0]", "flux[1]", "flux[2]", "variable")
    assert found.content["name"].to_pylist() == list(table["name"])
    np.testing.assert_array_equal(found.numeric(["flux[0]", "flux[1]", "flux[2]"], "error"), flux)
    assert found.content["n"].to_pylist() == [
        None if gap else int(count) for gap, count in zip(gaps, counts, strict=True)
    ]
    assert found.content["variable"].type == pa.bool_()
    np.testing.assert_array_equal(np.isnan(found.numeric(["mag"], "nan")[:, 0]), gaps)
    some = dataset(str(tmp_path / "*.f*"), ["flux[2]", "mag"]).array()
    np.testing.assert_array_equal(some[:, 0], flux[:, 2])


def test_complex_numbers_are_two_columns_and_arrays_of_any_length_none(tmp_path: Path) -> None:
    waves = np.array([[1 + 2j, 3 - 4j], [0.5j, 2.0]])
    various = np.array([np.arange(2.0), np.arange(3.0)], dtype=object)
    columns = [
        fits.Column("z", "C", array=waves[:, 0]),
        fits.Column("w", "2M", array=waves),
        fits.Column("various", "PD()", array=various),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "x.fits")
    with pytest.warns(MixturaWarning, match="'various' has arrays of other lengths"):
        table = read_table(tmp_path / "x.fits")
    assert table.names == ("z.real", "z.imag", "w[0].real", "w[0].imag", "w[1].real", "w[1].imag")
    found = table.numeric(["z.imag", "w[1].real"], "error")
    np.testing.assert_array_equal(found, [[2.0, 3.0], [0.5, 2.0]])


def test_files_of_no_table_or_several_say_what_they_hold(tmp_path: Path) -> None:
    image = fits.ImageHDU(np.zeros((4, 4)), name="SKY")
    tables = [
        fits.BinTableHDU(Catalogue({"a": [1.0, 2.0]}), name=name) for name in ("STARS", "GALAXIES")
    ]
    squeezed = fits.CompImageHDU(np.zeros((40, 40)))
    for parts, words in (
        ([image, squeezed], "holds images and no table"),
        (tables, r"several tables \('STARS', 'GALAXIES'\)"),
    ):
        fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(tmp_path / "x.fits", overwrite=True)
        with pytest.raises(DataError, match=words):
            read_table(tmp_path / "x.fits")
    (tmp_path / "x.fits").write_bytes(b"SIMPLE  =                    T")
    with pytest.raises(DataError, match=re.escape("is damaged, cut short or not a .fits file")):
        read_table(tmp_path / "x.fits")


@pytest.mark.parametrize(
    ("name", "extra"),
    [("flowio", "cytometry"), ("flowutils", "cytometry"), ("astropy", "astronomy")],
)
def test_a_library_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, extra: str
) -> None:
    path = write(tmp_path / "x.fcs", cells_of(), spillover=spillover(0.1, 0.2))
    if name == "astropy":
        path = tmp_path / "x.fits"
        Catalogue({"a": [1.0]}).write(path)
    monkeypatch.setattr(
        "mixtura.data.foreign.find_spec", lambda asked: None if asked == name else find_spec(asked)
    )
    words = rf"needs {name}; install it: pip install 'mixtura\[{extra}"
    with pytest.raises(DataError, match=words):
        read_table(path)
