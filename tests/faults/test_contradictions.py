"""Options of a command that contradict one another are refused before any work is done."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mixtura.cli.command import command

ROWS = np.random.default_rng(0).normal(size=(60, 3)) + np.repeat([[0.0], [7.0]], 30, axis=0)


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made")
    lines = "\n".join(",".join(map(str, row)) for row in ROWS.tolist())
    (made / "a.csv").write_text(f"x,y,z\n{lines}\n")
    done = run("fit", made / "a.csv", "-k", 2, "-s", "diag", "-o", made / "out")
    assert done.exit_code == 0
    return made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("fit {a} --force", "--force says how -o is written"),
        ("fit {a} --keep-formulas", "--keep-formulas says how -o is written"),
        ("fit {a} --columns x,y,x", "--columns names column 'x' twice"),
        ("fit {a} --columns x,y --weights y", "--weights names column 'y', and so does --columns"),
        (
            "fit {a} -f poisson --weights x --exposure x",
            "--exposure names column 'x', and so does --weights",
        ),
        ("fit {a} --exposure x", "--exposure says nothing to --family auto"),
        ("fit {a} -f poisson -s full", "--structures says nothing to --family poisson"),
        ("fit {a} -k 1:3 --mixing-weights 0.5,0.5", "--mixing-weights holds 2 numbers"),
        ("classes {a} -f gaussian --force", "--force says how -o is written"),
        ("classes {a} -f gaussian --columns x,y --covariates x", "and so does --columns"),
        ("classes {a} -f gaussian --covariates x --distal x", "and so does --covariates"),
        ("classes {a} -f gaussian --weights x --sampling-weights y", "give one of the two"),
        ("classes {a} -f gaussian --one-step", "name these by --covariates"),
        ("classes {a} -f gaussian --correction ml", "there is nothing to relate"),
        ("predict {model} {a} -o {a}", "which is read and would be replaced"),
        ("predict {model} {a} -o {model}", "which is read and would be replaced"),
        ("sample {model} -n 3 -o {model}", "which is read and would be replaced"),
        ("update {model} {a} -o {a}", "which is read and would be replaced"),
        ("update {model} {a} --half-life nan", "--half-life should be a number of rows above 0"),
    ],
)
def test_it_is_refused_by_name_and_nothing_is_written(
    folder: Path, options: str, said: str
) -> None:
    paths = {"a": folder / "a.csv", "model": folder / "out" / "model.mixtura"}
    before = {path: path.read_bytes() for path in paths.values()}
    done = run(*shlex.split(options.format(**paths)))
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert not done.stdout
    assert {path: path.read_bytes() for path in paths.values()} == before


@pytest.mark.parametrize(
    "command", ["fit {a} {link}", "fit {a} {folder}", "predict {model} {a} {a}"]
)
def test_a_file_counts_once(folder: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "link.csv").symlink_to(folder / "a.csv")
    paths = {"a": folder / "a.csv", "link": tmp_path / "link.csv", "folder": tmp_path}
    done = run(*shlex.split(command.format(**paths, model=folder / "out" / "model.mixtura")))
    assert done.exit_code == 1
    assert "is named twice, so its rows would count twice; name it once" in done.stderr


def test_a_link_to_what_is_read_is_what_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(folder / "a.csv")
    given = (folder / "out" / "model.mixtura", folder / "a.csv", "-o", tmp_path / "link.csv")
    assert run("predict", *given).exit_code == 2
    assert (folder / "a.csv").read_text().startswith("x,y,z\n")
