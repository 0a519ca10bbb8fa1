"""What mixtura runs on is said, and why these kernels."""

import sys
from importlib.metadata import version

import numpy as np
import pytest
from click.testing import CliRunner

import mixtura
from mixtura.cli.command import command
from mixtura.errors import KernelError
from mixtura.native import library
from mixtura.versions import surroundings


def test_versions_are_those_of_what_is_imported() -> None:
    found = surroundings()["versions"]
    assert found["numpy"] == np.__version__
    assert found["python"] == sys.version.split()[0]
    assert surroundings()["optional parts"]["click"] == version("click")


def test_one_build_is_in_use_and_it_is_the_one_that_runs() -> None:
    found = surroundings()["kernels"]
    used = [build for build, why in found.items() if why.startswith("in use")]
    assert used == [library.build_name()]


def test_a_processor_with_less_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    features = {"SSE42": True, "POPCNT": True, "X86_V4": False, "X86_V3": False}
    monkeypatch.setattr(library, "processor_features", lambda: features)
    monkeypatch.setattr(library, "best_build", lambda *_: library.path_of(library.FOLDER, "v2"))
    found = library.builds_explained()
    assert found["v3"] in ("not for this processor, which lacks AVX2, FMA3, F16C", "not installed")
    assert found["v2"].startswith("in use")


def test_parts_that_are_missing_are_told_with_how_to_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mixtura.versions.find_spec", lambda name: None)
    told = surroundings()["optional parts"]["rdata"]
    assert told == "not installed; files of R needs it: pip install 'mixtura[formats]'"


def test_the_command_prints_the_same_and_fails_without_kernels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = CliRunner().invoke(command, ["doctor"])
    assert done.exit_code == 0
    mixtura.show_versions()
    assert capsys.readouterr().out == done.stdout

    def none() -> None:
        raise KernelError("no compiled kernels that this processor runs are here")

    monkeypatch.setattr("mixtura.versions.kernels", none)
    done = CliRunner().invoke(command, ["doctor"])
    assert done.exit_code == 1
    assert "no compiled kernels that this processor runs" in done.stdout
