"""Worker processes fit every family to the bit as one thread does, and are sent rows once."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    PoissonMixture,
    select,
)
from mixtura.components.gaussian.structures import CODES
from mixtura.em import plan as planning
from mixtura.engines import Processes, Serial, Threads
from mixtura.inference import bootstrap, information, likelihood_ratio_test

pytestmark = pytest.mark.drawn(4)

N_ROWS = 600
BLOCKS = {"gaussian": ["x", "y"], "poisson": ["n"], "categorical": ["c"]}


@pytest.fixture(scope="module")
def engine() -> Iterator[Processes]:
    engine = Processes(2)
    with engine.session():
        yield engine


@pytest.fixture
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows be more than the compiled loop takes, and units of about 64."""
    monkeypatch.setattr(planning, "TILE_BYTES", 1 << 12)
    monkeypatch.setattr(planning, "SMALLEST_UNIT", 64)
    monkeypatch.setattr(planning, "SERIAL_ROWS", 100)
    monkeypatch.setattr(planning, "SMALLEST_WORK", 1)


def groups() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0, 0.0], [3.0, 1.0, -2.0]])
    return centres[np.arange(N_ROWS) % 2] + rng.normal(size=(N_ROWS, 3))


def gappy() -> np.ndarray:
    rows = groups()
    rows[np.random.default_rng(1).random(rows.shape) < 0.1] = np.nan
    return rows


def counts() -> np.ndarray:
    rates = np.array([[1.0, 5.0, 2.0, 0.3], [6.0, 1.0, 3.0, 0.3]])
    return np.random.default_rng(2).poisson(rates[np.arange(N_ROWS) % 2])


def answers() -> np.ndarray:
    likely = np.array([[0.9, 0.8, 0.2, 0.9], [0.1, 0.3, 0.7, 0.8]])
    return (np.random.default_rng(3).random((N_ROWS, 4)) < likely[np.arange(N_ROWS) % 2]) * 1.0


def unanswered() -> np.ndarray:
    return np.where(np.random.default_rng(4).random((N_ROWS, 4)) < 0.1, np.nan, answers())


def columns() -> pd.DataFrame:
    rows = groups()
    return pd.DataFrame(
        {"x": rows[:, 0], "y": rows[:, 1], "n": counts()[:, 0], "c": list("abc" * (N_ROWS // 3))}
    )


def some_known() -> np.ndarray:
    return np.where(np.arange(N_ROWS) < 40, np.arange(N_ROWS) % 2, -1)


Fit = Callable[[Any], Any]


def plainly(mixture: type, make: Callable[[], Any], **settings: Any) -> Fit:
    """Return what fits rows from given responsibilities, in a few iterations."""
    shares = np.random.default_rng(5).dirichlet(np.ones(2), size=N_ROWS)

    def fit(engine: Any) -> Any:
        given = {"responsibilities_init": shares, "max_iter": 4} | settings
        return mixture(n_components=2, engine=engine, **given).fit(make())

    return fit


CASES: dict[str, Fit] = {
    **{
        f"gaussian {code}": plainly(GaussianMixture, groups, covariance_type=code) for code in CODES
    },
    **{
        f"gaussian {code}, missing cells": plainly(
            GaussianMixture, gappy, covariance_type=code, missing="marginal"
        )
        for code in ("VVV", "EEE", "VVI", "VEV")
    },
    "gaussian, own starts": plainly(
        GaussianMixture, groups, responsibilities_init=None, random_state=0
    ),
    "gaussian of float32": plainly(GaussianMixture, lambda: groups().astype(np.float32)),
    "gaussian by columns": plainly(GaussianMixture, lambda: np.asfortranarray(groups())),
    "gaussian of every other row": plainly(
        GaussianMixture, lambda: np.repeat(groups(), 2, axis=0)[::2]
    ),
    "gaussian with labels": lambda engine: GaussianMixture(
        2, engine=engine, random_state=0, max_iter=4
    ).fit(groups(), some_known()),
    "gaussian with weights": lambda engine: GaussianMixture(
        2, engine=engine, random_state=0, max_iter=4
    ).fit(groups(), sample_weight=np.arange(N_ROWS) % 3 + 0.5),
    "gaussian with noise": plainly(
        GaussianMixture, groups, noise="uniform", responsibilities_init=None, random_state=0
    ),
    "multinomial": plainly(MultinomialMixture, counts),
    "multinomial, sparse": plainly(MultinomialMixture, lambda: csr_array(counts())),
    "categorical": plainly(CategoricalMixture, counts),
    "bernoulli": plainly(BernoulliMixture, answers),
    "bernoulli, sparse": plainly(BernoulliMixture, lambda: csr_array(answers())),
    "bernoulli, missing cells": plainly(BernoulliMixture, unanswered),
    "poisson": plainly(PoissonMixture, counts),
    "poisson, sparse": plainly(PoissonMixture, lambda: csr_array(counts())),
    "poisson with exposure": plainly(PoissonMixture, lambda: counts() + 1, exposure=0),
    "mixed": plainly(MixedMixture, columns, blocks=BLOCKS),
}


def bits_of(found: Any) -> dict[str, bytes]:
    arrays, _ = found.mixture_.family.to_arrays(found.mixture_.parameters)
    every = {
        **arrays,
        "weights": found.weights_,
        "likelihood": np.array([found.log_likelihood_]),
    }
    return {name: np.ascontiguousarray(array).tobytes() for name, array in every.items()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_small_units")
@pytest.mark.parametrize("name", CASES)
def test_a_fit_has_the_bits_of_one_by_one_thread(engine: Processes, name: str) -> None:
    before = engine.bytes_sent
    found = bits_of(CASES[name](engine))
    assert engine.bytes_sent > before
    assert found == bits_of(CASES[name]("serial"))
    assert found == bits_of(CASES[name]("threads"))


@pytest.mark.filterwarnings("ignore")
def test_after_the_first_pass_only_parameters_travel(engine: Processes) -> None:
    rows = np.repeat(groups(), 100, axis=0)
    rows += np.random.default_rng(6).normal(size=rows.shape)
    start = {"means_init": rows[:2], "tol": 0.0, "reg_covar": 1e-6}

    def sent(max_iter: int) -> int:
        before = engine.bytes_sent
        GaussianMixture(2, max_iter=max_iter, engine=engine, **start).fit(rows)
        return engine.bytes_sent - before

    assert rows.nbytes > 1_400_000
    assert 0 < (sent(30) - sent(10)) / 20 < 5_000


@pytest.mark.filterwarnings("ignore")
def test_replicates_and_scores_have_the_bits_of_one_thread(engine: Processes) -> None:
    rows = groups()[:200]
    mixture = GaussianMixture(2, random_state=0).fit(rows).mixture_

    def numbers(own: Any) -> list[bytes]:
        drawn = bootstrap(mixture, rows, n_replicates=3, random_state=0, engine=own)
        test = likelihood_ratio_test(mixture, rows, n_replicates=3, random_state=0, engine=own)
        observed = information(mixture, rows, engine=own).observed
        arrays = [*drawn.replicates.values(), test.replicates, observed]
        return [np.ascontiguousarray(array).tobytes() for array in arrays]

    assert numbers(engine) == numbers(Serial())


@pytest.mark.filterwarnings("ignore")
def test_a_search_is_shared_out_and_has_the_bits_of_one_by_threads(engine: Processes) -> None:
    def table(own: Any) -> tuple[list[Any], list[tuple[str, int]]]:
        seen: list[tuple[str, int]] = []
        found = select(
            groups()[:200],
            (1, 2),
            ("EII", "VVV"),
            random_state=0,
            engine=own,
            progress=lambda one, count: seen.append((one.kind, one.n_components)),
        )
        return [(one.kind, one.n_components, one.value("bic")) for one in found.ranked], seen

    before = engine.bytes_sent
    found, told = table(engine)
    assert engine.bytes_sent > before
    assert found == table("serial")[0]
    assert (found, told) == table(Threads(2))
