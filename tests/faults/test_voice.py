"""The command speaks of its own options, of files, and of rows counted from 1."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mixtura
from mixtura.cli.advice import translated
from mixtura.cli.command import command

PACKAGE = Path(mixtura.__file__).parent
# What the command does not call, and what speaks for itself.
ELSEWHERE = {"cli", "deconvolution", "inference", "engines", "native"}
ELSEWHERE |= {"intervals", "projection"}

SETTINGS = {
    name
    for called in mixtura.__all__
    if called.endswith("Mixture") or called == "select"
    for name in inspect.signature(getattr(mixtura, called)).parameters
}
OF_PYTHON = re.compile(
    rf"(?<![-\w])(?:{'|'.join(name for name in SETTINGS if '_' in name)})\b"
    r"|\b[a-z_]+=|\by (?:at|holds|is|should)\b|counted from 0|Mixture\b|\.[a-z_]+\("
    r"|(?<![\w|])X\b(?![²|])"
)
# Said of what no option of the command gives: y, starts and settings of one's own, numbers that are
# held or equal, arrays, batches and streams.
UNSAID = re.compile(
    r"warm_start|use_y|_init\b|init_params|noise_volume|cannot be kept|array of records|"
    r"degrees_of_freedom|n_components='auto'|\bfix\b|can be held|batch \d|reshape|pandas\.|blocks|"
    r"sampling requires|Mixture of |an array of rows would lose|<svg|<figure|"
    r"the target y is|\by='it' names|y is not (?:read|taken)|y should hold (?:truth|the numbers)|"
    r"make the dataset without|not drawn together|is the mixture of these|"
    r"workers of|is a stream|has a table in it|^7 \(counted from 0\)$|should be True or False"
)


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that may be sentences, with numbers in their gaps."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(map(filled, node.values))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documented | parts
        ):
            yield node.value


def filled(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "'it'" if getattr(part, "conversion", -1) == ord("r") else "7"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(PACKAGE)))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE
    ],
)
def test_whatever_the_library_says_is_said_without_python(path: Path) -> None:
    for text in sentences(ast.parse(path.read_text("utf-8"))):
        if text.count(" ") > 2 and "\n" not in text and not UNSAID.search(text):
            said = translated(text)
            assert not OF_PYTHON.search(said), said
            assert translated(said) == said


N_ROWS = 12


def written(folder: Path, frame: dict[str, Any]) -> Path:
    path = folder / "rows.csv"
    pd.DataFrame(frame).to_csv(path, index=False)
    return path


def numbers(seed: int) -> dict[str, Any]:
    rows = np.random.default_rng(seed).normal(size=(N_ROWS, 2))
    return {"a": rows[:, 0], "b": rows[:, 1]}


def counts(seed: int) -> dict[str, Any]:
    rows = np.random.default_rng(seed).integers(1, 9, (N_ROWS, 2))
    return {"a": rows[:, 0].astype(object), "b": rows[:, 1].astype(object)}


def spoilt(frame: dict[str, Any], row: int, value: Any, column: str = "b") -> dict[str, Any]:
    cells = np.array(frame[column], dtype=object)
    cells[row] = value
    return {**frame, column: cells}


# What is wrong, how it is fitted, and what is said of the row besides file and column.
SPOILT: dict[str, tuple[Any, list[str], str]] = {
    "infinity": (lambda s, r: spoilt(numbers(s), r, np.inf), [], "holds"),
    "text": (lambda s, r: spoilt(numbers(s), r, "oops"), ["--columns", "a,b"], "holds 'oops'"),
    "negative": (lambda s, r: spoilt(counts(s), r, -1), ["-f", "poisson"], "holds -1"),
    "fraction": (lambda s, r: spoilt(counts(s), r, 1.5), ["-f", "multinomial"], "holds 1.5"),
    "gap": (lambda s, r: spoilt(counts(s), r, None), ["-f", "multinomial"], "missing cell"),
    "no answer": (
        lambda s, r: {"a": [0, 1] * 6, **spoilt({"b": [0, 1] * 6}, r, 7)},
        ["-f", "bernoulli"],
        "holds 7",
    ),
    "no amount": (lambda s, r: spoilt(counts(s), r, 0), ["-f", "gamma"], "holds"),
    "weight": (
        lambda s, r: numbers(s) | spoilt({"w": np.ones(N_ROWS)}, r, -1.0, "w"),
        ["--weights", "w"],
        "--weights",
    ),
    "exposure": (
        lambda s, r: counts(s) | spoilt({"e": np.ones(N_ROWS)}, r, 0.0, "e"),
        ["-f", "poisson", "--exposure", "e"],
        "exposure",
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("what", SPOILT)
def test_row_1_a_cell_that_cannot_be_used_is_named_with_its_file_and_row(
    what: str, seed: int, tmp_path: Path
) -> None:
    row = int(np.random.default_rng([seed, len(what)]).integers(N_ROWS))
    make, options, words = SPOILT[what]
    path = written(tmp_path, make(seed, row))
    done = CliRunner().invoke(command, ["fit", str(path), "-k", "1", *options])
    assert done.exit_code == 1, done.output
    said = done.stderr.splitlines()[-1]
    assert f"row {row + 1} (counted from 1)" in said
    assert words in said
    assert "rows.csv" in said
    assert not OF_PYTHON.search(said)
    assert isinstance(done.exception, SystemExit)


def test_row_20_a_category_that_the_fit_did_not_see_is_named_so_too(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": ["x", "y"] * 6, "b": ["u", "v"] * 6})
    out = str(tmp_path / "out")
    invoke = CliRunner().invoke
    assert (
        invoke(command, ["fit", str(path), "-f", "categorical", "-k", "1", "-o", out]).exit_code
        == 0
    )
    other = written(tmp_path, {"a": ["x", "y"] * 6, "b": ["u"] * 9 + ["n_init=3", "v", "v"]})
    done = invoke(command, ["predict", f"{out}/model.mixtura", str(other)])
    assert done.exit_code == 1
    assert (
        f"mixtura: '{other}': column 'b' holds 'n_init=3' at row 10 (counted from 1)" in done.stderr
    )
    assert "--unknown ignore takes such cells as missing" in done.stderr


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        ({"a": [1.0] * 12, "b": range(12)}, ["-s", "spherical", "-k", "2"], ""),
        (
            {"a": [1.0] * 12, "b": range(1, 13)},
            ["-f", "exponential", "--noise"],
            "leave out --noise",
        ),
        ({"a": [None] * 12, "b": range(12)}, ["--columns", "a,b"], "left out"),
        ({"a": [1, 2, 3] * 4, "b": [1, 2, 3] * 4}, ["-k", "5"], ""),
        ({"a": [1.5, 2, 4]}, ["-k", "5"], "-k 5 asks for more components than the 3 rows"),
        ({"a": [1.0, 2], "w": [0, 0]}, ["--weights", "w"], "--weights is zero for every row"),
        (
            {"a": range(12)},
            ["--columns", "a", "--mixing-weights", "0.5,0.4", "-k", "2"],
            "-weights should",
        ),
        (
            {"a": range(12)},
            ["--columns", "a", "--mixing-weights", "0.5,0.5", "-k", "3"],
            "which fit -k 2, but -k is 3",
        ),
        ({"a": [1, 0] * 6, "b": [0, 1] * 6}, ["-f", "multinomial", "-k", "2"], "one draw"),
    ],
)
def test_what_is_advised_are_options_of_the_command(
    frame: dict[str, Any], options: list[str], words: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(command, ["fit", str(written(tmp_path, frame)), *options])
    assert done.exit_code in (0, 1, 2), done.output
    assert words in done.output
    assert not OF_PYTHON.search(done.output), done.output


def test_what_the_user_wrote_is_left_as_it_is() -> None:
    text = "column 'n_init row 3 X' holds 'reg_covar' at row 4 (counted from 0); give n_init"
    expected = "column 'n_init row 3 X' holds 'reg_covar' at row 5 (counted from 1); give --starts"
    assert translated(text) == expected
