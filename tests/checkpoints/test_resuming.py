"""A fit that was stopped goes on from its checkpoint, to the bits of one that never was."""

import errno
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from checkpoints.killing import FEW, FITS, MANY, Killed, bits, stopped
from nightly import first

import mixtura
from mixtura import (
    CheckpointError,
    CheckpointWarning,
    GaussianMixture,
    GaussianMixtureClassifier,
    PoissonMixture,
)
from mixtura.checkpoints import once, resumable
from mixtura.em.stopping import Ending

pytestmark = [
    pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning"),
    pytest.mark.drawn(4, among="file"),
]

SEEDS = range(8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fit.checkpoint"


@pytest.mark.parametrize("name", first(8, FITS))
def test_a_fit_killed_at_any_save_ends_with_the_same_bits(
    name: str, file: Path, monkeypatch: Any
) -> None:
    fit = FITS[name]
    expected = bits(fit())
    found, total = stopped(fit, file, None, monkeypatch, Killed)
    assert bits(found) == expected
    assert not file.exists()
    rng = np.random.default_rng(sum(name.encode()))
    for at in rng.choice(total, min(2, total), replace=False):
        found, _ = stopped(fit, file, at, monkeypatch, Killed)
        assert found is None
        found, after = stopped(fit, file, None, monkeypatch, Killed)
        assert bits(found) == expected
        # What was finished is not done again.
        assert at + after == total
        assert not file.exists()


def test_a_fit_may_be_killed_again_and_again(file: Path, monkeypatch: Any) -> None:
    fit = FITS["search"]
    expected, kills, found = bits(fit()), 0, None
    while found is None:
        found, _ = stopped(fit, file, 5, monkeypatch, Killed)
        kills += found is None
    assert bits(found) == expected
    assert kills > 3


@pytest.mark.parametrize(
    "name", first(2, ["beyond memory", "search", "together", "search of many"])
)
def test_an_interrupt_keeps_the_best_so_far_and_the_checkpoint(
    name: str, file: Path, monkeypatch: Any
) -> None:
    fit = FITS[name]
    expected = bits(fit())
    _, total = stopped(fit, file, None, monkeypatch, Killed)
    found, _ = stopped(fit, file, total // 2, monkeypatch, KeyboardInterrupt)
    best = getattr(found, "ending_", Ending.INTERRUPTED)
    assert best is Ending.INTERRUPTED
    assert getattr(found, "interrupted", True)
    assert file.exists()
    found, _ = stopped(fit, file, None, monkeypatch, Killed)
    assert bits(found) == expected
    assert not file.exists()


def test_all_fits_within_go_on_one_after_the_other(file: Path, monkeypatch: Any) -> None:
    def several() -> list[Any]:
        return [bits(GaussianMixture(k, random_state=0).fit(FEW)) for k in (2, 3, 4)]

    expected = several()
    found, total = stopped(several, file, None, monkeypatch, Killed)
    assert found == expected
    stopped(several, file, total - 1, monkeypatch, Killed)
    found, after = stopped(several, file, None, monkeypatch, Killed)
    assert (found, after) == (expected, 1)


SCRIPT = """
import sys, hashlib, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {tests!r})
import mixtura
from checkpoints.killing import FITS, bits
print("ready", flush=True)
with mixtura.checkpoint({file!r}, 0):
    found = FITS[{name!r}]()
print(hashlib.sha256(repr(bits(found)).encode()).hexdigest(), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
@pytest.mark.nightly
@pytest.mark.parametrize("seed", SEEDS)
def test_a_process_killed_at_random_moments_ends_with_the_same_bits(seed: int, file: Path) -> None:
    rng = np.random.default_rng(seed)
    name = ["together", "beyond memory", "search of many", "k-means"][seed % 4]
    tests = str(Path(__file__).parent.parent)
    script = SCRIPT.format(tests=tests, file=str(file), name=name)
    expected = _said(script)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(float(rng.uniform(0.05, 1.5)))
        process.kill()
        process.communicate()
    assert _said(script) == expected
    assert not file.exists()


def _said(script: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return found.stdout.split()[-1]


CHANGES = {
    "random_state was 0 and is 1": lambda: GaussianMixture(3, random_state=1).fit(FEW),
    "n_components was 3 and is 4": lambda: GaussianMixture(4, random_state=0).fit(FEW),
    "covariance_type was 'full' and is 'EII'": lambda: GaussianMixture(
        3, covariance_type="EII", random_state=0
    ).fit(FEW),
    "the rows was 900 x 3 and is 899 x 3": lambda: GaussianMixture(3, random_state=0).fit(FEW[1:]),
    "what stands in the rows differs": lambda: GaussianMixture(3, random_state=0).fit(-FEW),
    "means_init differs": lambda: GaussianMixture(3, means_init=FEW[:3], random_state=0).fit(FEW),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_checkpoint_of_another_fit_is_refused(words: str, file: Path, monkeypatch: Any) -> None:
    stopped(lambda: GaussianMixture(3, random_state=0).fit(FEW), file, 2, monkeypatch, Killed)
    before = file.read_bytes()
    with pytest.raises(CheckpointError, match=words), mixtura.checkpoint(file):
        CHANGES[words]()
    assert file.read_bytes() == before


def test_row_weights_are_part_of_the_rows(file: Path, monkeypatch: Any) -> None:
    weights = np.ones(len(FEW))
    model = GaussianMixture(3, random_state=0)
    stopped(lambda: model.fit(FEW, sample_weight=weights), file, 3, monkeypatch, Killed)
    weights[7] = 2
    with pytest.raises(CheckpointError, match="what stands in the rows"), mixtura.checkpoint(file):
        model.fit(FEW, sample_weight=weights)


def test_what_the_last_digits_depend_on_must_be_the_same(file: Path, monkeypatch: Any) -> None:
    stopped(FITS["compiled"], file, 2, monkeypatch, Killed)
    monkeypatch.setattr(mixtura, "__version__", "9.9")
    with (
        pytest.raises(CheckpointError, match=r"mixtura was 0\.1\.0 and is 9\.9"),
        mixtura.checkpoint(file),
    ):
        pass


def test_engine_and_workers_may_change(file: Path, monkeypatch: Any) -> None:
    asked = {"n_init": 2, "random_state": 0}
    expected = bits(GaussianMixture(4, **asked).fit(MANY))
    for at, changed in enumerate(({"engine": "serial"}, {"n_jobs": 2}, {"n_jobs": 1})):
        model = GaussianMixture(4, **asked, **changed)
        stopped(lambda model=model: model.fit(MANY), file, 3 + at, monkeypatch, Killed)
    with mixtura.checkpoint(file):
        assert bits(GaussianMixture(4, **asked).fit(MANY)) == expected


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_where_the_disk_is_full_the_fit_goes_on(number: int, file: Path, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(resumable, "write_checkpoint", full)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with mixtura.checkpoint(file, 0):
            found = FITS["rates"]()
    told = [str(one.message) for one in said if one.category is CheckpointWarning]
    assert len(told) == 1
    assert "goes on, and is not being saved" in told[0]
    assert os.strerror(number) in told[0]
    assert bits(found) == bits(FITS["rates"]())


def test_every_damage_of_the_file_is_seen(file: Path, monkeypatch: Any) -> None:
    stopped(FITS["rates"], file, 4, monkeypatch, Killed)
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(len(whole), size=40):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError), mixtura.checkpoint(file):
            pass
        file.write_bytes(whole[:place])
        with pytest.raises(CheckpointError), mixtura.checkpoint(file):
            pass


def test_a_fit_that_fails_before_its_first_step_leaves_no_file(file: Path) -> None:
    with pytest.raises(mixtura.DataError), mixtura.checkpoint(file, 0):
        PoissonMixture(2).fit(FEW)
    assert not file.exists() or b"sett" in file.read_bytes()


def test_other_threads_keep_no_journal(file: Path) -> None:
    made: list[int] = []

    def step() -> int:
        made.append(1)
        return len(made)

    with mixtura.checkpoint(file, 0):
        other = Thread(target=lambda: once("step", step))
        other.start()
        other.join()
        assert not file.exists()
        assert once("step", step) == 2
        assert file.exists()


@pytest.mark.parametrize("seconds", [-1, float("nan"), True, "soon"])
def test_seconds_are_a_number_from_0_up(seconds: Any, file: Path) -> None:
    with (
        pytest.raises(mixtura.ParameterError, match="seconds should be"),
        mixtura.checkpoint(file, seconds),
    ):
        pass


@pytest.mark.parametrize(
    "fit",
    [
        lambda rows, _: GaussianMixture(2).fit(rows).means_,
        lambda rows, _: GaussianMixture("auto", covariance_type="spherical").fit(rows).means_,
        lambda rows, labels: (
            GaussianMixtureClassifier([1, 2]).fit(rows, labels).mixtures_[0].mean()
        ),
    ],
)
def test_a_fit_without_a_seed_goes_on_from_the_one_it_drew(fit: Any, file: Path) -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(60, 2)), np.arange(60) % 2
    with pytest.raises(MemoryError), mixtura.checkpoint(file, 0):
        before = fit(rows, labels)
        raise MemoryError
    with mixtura.checkpoint(file, 0):
        after = fit(rows, labels)
    np.testing.assert_array_equal(after, before)


def test_a_classifier_of_other_rows_is_of_another_fit(file: Path) -> None:
    rows, labels = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    model = GaussianMixtureClassifier(covariance_type="VVV", random_state=0)
    with pytest.raises(MemoryError), mixtura.checkpoint(file, 0):
        model.fit(rows, labels)
        raise MemoryError
    kept = file.read_bytes()
    with pytest.raises(CheckpointError, match="rows"), mixtura.checkpoint(file, 0):
        model.fit(rows + 1.0, labels)
    assert file.read_bytes() == kept


def test_the_folder_of_a_checkpoint_is_there(tmp_path: Path) -> None:
    with (
        pytest.raises(mixtura.ParameterError, match=r"folder .* does not exist"),
        mixtura.checkpoint(tmp_path / "none" / "fit.checkpoint"),
    ):
        pytest.fail("the fit began")
    with mixtura.checkpoint(tmp_path / "fit.checkpoint", np.int64(5)):
        pass
