"""What CONTRIBUTING.md says of adding something is all that there is to do, and works.

The pages that it names hold a family, a structure, a source and an engine. Their code is run as it
stands, and what is fitted with it is compared with closed forms, with EM written plainly in NumPy,
and with what is built in.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from pages import run
from scipy import stats
from scipy.special import logsumexp

from mixtura import GaussianMixture, ParameterError, load
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.gaussian.structures import STRUCTURES
from mixtura.data import ArrayRows
from mixtura.inference import standard_errors

ROOT = Path(__file__).parent.parent
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DESIGN = ROOT / "docs" / "DESIGN.md"

if not CONTRIBUTING.exists():
    pytest.skip("these tests read the pages", allow_module_level=True)

Float = NDArray[np.float64]
Names = dict[str, Any]


def page_of(section: str) -> Path:
    """Return the page that a section of CONTRIBUTING.md names."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    body = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    (named,) = re.findall(r"\(([\w/]+\.md)\)", body)
    return ROOT / named


@contextmanager
def followed(section: str) -> Iterator[Names]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        with run(page_of(section)) as names:
            yield names


@pytest.fixture
def family() -> Iterator[Names]:
    with followed("A family") as names:
        yield names


@pytest.fixture
def form() -> Iterator[Names]:
    with followed("A covariance structure") as names:
        yield names


@pytest.fixture
def source() -> Iterator[Names]:
    with followed("A source") as names:
        yield names


@pytest.fixture
def engine() -> Iterator[Names]:
    with followed("An engine") as names:
        yield names


def plain_em(
    shares: Float, maximise: Callable[[Float], Any], log_density: Callable[[Any], Float]
) -> tuple[float, Any]:
    """Return the log-likelihood and the parameters where textbook EM stands still."""
    for _ in range(2000):
        parameters = maximise(shares)
        joint = np.log(shares.mean(axis=0)) + log_density(parameters)
        total = logsumexp(joint, axis=1)
        before, shares = shares, np.exp(joint - total[:, None])
        if np.abs(shares - before).max() < 1e-9:
            break
    return float(total.sum()), parameters


def responsibilities_of(n_rows: int) -> Float:
    return np.random.default_rng(1).dirichlet([1.0, 1.0], n_rows)


def test_a_family_writes_what_the_page_lists_and_no_more(family: Names) -> None:
    listed = re.findall(r"^\| (`.*?) \|", page_of("A family").read_text("utf-8"), re.MULTILINE)
    verbs = set(re.findall(r"`(\w+)`", " ".join(listed)))
    told = set(ColumnwiseFamily.__annotations__)
    assert verbs == set(ColumnwiseFamily.__abstractmethods__) | told | {"n_cells"}
    written = {name for name in vars(family["RayleighFamily"]) if not name.startswith("_")}
    # Each cell has one feature there.
    assert written == verbs - {"n_cells"}


def test_one_component_of_the_family_is_the_closed_form(family: Names) -> None:
    rows = family["X"]
    found = family["RayleighMixture"](1, prior=None).fit(rows)
    assert_allclose(found.scales_[0] ** 2, (rows**2).mean(axis=0) / 2, rtol=1e-12)


def test_two_components_of_the_family_are_those_of_plain_em(family: Names) -> None:
    rows, shares = family["X"], responsibilities_of(len(family["X"]))
    likelihood, expected = plain_em(
        shares,
        lambda shares: np.sqrt(shares.T @ rows**2 / shares.sum(axis=0)[:, None] / 2),
        lambda each: stats.rayleigh(scale=each).logpdf(rows[:, None]).sum(axis=2),
    )
    found = family["RayleighMixture"](2, prior=None, responsibilities_init=shares).fit(rows)
    assert found.log_likelihood_ == pytest.approx(likelihood, abs=2e-3)
    assert_allclose(found.scales_, expected, rtol=1e-3)


def test_weights_of_the_family_are_rows_given_more_than_once(family: Names) -> None:
    rows, shares = family["X"], responsibilities_of(len(family["X"]))
    weights = np.arange(len(rows)) % 3 + 1
    mixture = family["RayleighMixture"]
    one = mixture(2, responsibilities_init=shares).fit(rows, sample_weight=weights)
    twice = rows.repeat(weights, axis=0), shares.repeat(weights, axis=0)
    other = mixture(2, responsibilities_init=twice[1]).fit(twice[0])
    assert_allclose(one.scales_, other.scales_, rtol=1e-8)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-12)


def test_a_model_file_brings_the_family_back(family: Names, tmp_path: Path) -> None:
    found = family["mixture"]
    found.save(tmp_path / "model")
    again = load(tmp_path / "model").mixture_
    assert_array_equal(again.log_density(family["X"]), found.mixture_.log_density(family["X"]))
    rows, labels = again.sample(50_000, 3)
    squares = np.array([(rows[labels == k] ** 2).mean(axis=0) for k in range(2)])
    assert_allclose(np.sqrt(squares / 2), found.scales_, rtol=0.05)


def test_the_family_has_noise_without_a_word_of_it(family: Names) -> None:
    rows = family["X"].copy()
    rows[::12] = np.random.default_rng(2).uniform(0.01, 1.3 * rows.max(axis=0), rows[::12].shape)
    found = family["RayleighMixture"](2, noise="uniform", random_state=0).fit(rows)
    squares = rows[:, None] ** 2 / found.scales_**2
    logs = (np.log(rows[:, None] / found.scales_**2) - squares / 2).sum(axis=2)
    even = np.full(len(rows), -np.log(np.ptp(rows, axis=0)).sum())
    joint = np.log(found.weights_) + np.column_stack([logs, even])
    assert_allclose(found.score_samples(rows), np.logaddexp.reduce(joint, axis=1), rtol=1e-9)
    assert found.log_likelihood_ == pytest.approx(found.score_samples(rows).sum(), rel=1e-10)


def test_standard_errors_of_the_family_are_those_of_a_known_component(family: Names) -> None:
    """Of one component σ̂ has the variance σ² / 4 n."""
    found = family["RayleighMixture"](1, prior=None).fit(family["X"])
    errors = standard_errors(found.mixture_, family["X"])
    assert_allclose(errors["scales"], found.scales_ / np.sqrt(4 * len(family["X"])), rtol=1e-8)


def test_a_search_finds_how_many_components_of_the_family_there_are(family: Names) -> None:
    search = family["RayleighMixture"](random_state=0).select(family["X"], range(1, 5))
    assert search.best.n_components == 2


def gaussian_log_density(rows: Float) -> Callable[[Any], Float]:
    def log_density(parameters: Any) -> Float:
        each = [stats.multivariate_normal(*one).logpdf(rows) for one in parameters]
        return np.column_stack(each)

    return log_density


def test_one_component_of_the_structure_has_blocks_of_the_sample_covariance(form: Names) -> None:
    rows = form["X"]
    found = GaussianMixture(1, covariance_type="VVH", prior=None).fit(rows)
    expected = np.cov(rows.T, bias=True)
    expected[:2, 2:] = expected[2:, :2] = 0.0
    assert_allclose(found.covariances_[0], expected, rtol=1e-10, atol=1e-12)


def test_two_components_of_the_structure_are_those_of_plain_em(form: Names) -> None:
    rows, shares = form["X"], responsibilities_of(len(form["X"]))
    within = np.kron(np.eye(2), np.ones((2, 2)))

    def maximise(shares: Float) -> list[tuple[Float, Float]]:
        means = shares.T @ rows / shares.sum(axis=0)[:, None]
        return [
            (mean, within * np.cov(rows.T, aweights=own, ddof=0))
            for mean, own in zip(means, shares.T, strict=True)
        ]

    likelihood, expected = plain_em(shares, maximise, gaussian_log_density(rows))
    found = GaussianMixture(2, covariance_type="VVH", prior=None, responsibilities_init=shares).fit(
        rows
    )
    assert found.log_likelihood_ == pytest.approx(likelihood, abs=2e-3)
    for k, (mean, covariance) in enumerate(expected):
        assert_allclose(found.means_[k], mean, rtol=1e-3, atol=1e-3)
        assert_allclose(found.covariances_[k], covariance, rtol=1e-2, atol=1e-3)


def test_in_two_columns_the_structure_is_the_diagonal_one(form: Names) -> None:
    rows = form["X"][:, [0, 3]]
    shares = responsibilities_of(len(rows))
    one, other = (
        GaussianMixture(2, covariance_type=code, responsibilities_init=shares).fit(rows)
        for code in ("VVH", "VVI")
    )
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=2e-3)
    assert one.n_parameters_ == other.n_parameters_


def test_no_standard_errors_are_made_up_for_letters_that_are_not_known(form: Names) -> None:
    mixture = form["mixture"].mixture_
    with pytest.raises(ParameterError, match="structure VVH have no derivatives"):
        standard_errors(mixture, form["X"])


def test_the_structure_keeps_above_the_steps_of_rounded_columns(form: Names) -> None:
    rows = form["X"].round(0)
    rows[:150] = rows[0]
    found = GaussianMixture(2, covariance_type="VVH", random_state=0).fit(rows)
    least = np.linalg.eigvalsh(found.covariances_ - np.eye(4) / 12)
    assert (least > -1e-12).all()
    assert not found.covariances_[:, :2, 2:].any()


def test_a_block_of_the_source_is_that_of_the_rows_put_together(source: Names) -> None:
    shards = source["shards"]
    whole = np.concatenate(shards.arrays)
    for start, stop in ((0, 600), (0, 10), (190, 210), (200, 400), (150, 450), (599, 600)):
        assert_array_equal(shards.block(start, stop).rows, whole[start:stop])


def test_a_fit_on_the_source_is_that_on_an_array_to_the_bit(source: Names) -> None:
    whole = ArrayRows(np.concatenate(source["shards"].arrays))
    found, expected = source["result"], source["fitted"](whole, 2)
    assert found.log_likelihood == expected.log_likelihood
    assert_array_equal(found.mixture.parameters.means, expected.mixture.parameters.means)


def test_weights_go_with_the_rows_of_the_source(source: Names) -> None:
    shards = source["shards"].times(3.0)
    whole = np.concatenate(shards.arrays)
    expected = source["fitted"](ArrayRows(whole, np.full(len(whole), 3.0)), 2)
    assert source["fitted"](shards, 2).log_likelihood == expected.log_likelihood


def test_the_engine_does_every_unit_once_and_adds_in_order(engine: Names) -> None:
    pool = engine["Pool"](4)
    with pool.session():
        for n_units in (1, 2, 7, 64):
            assert pool.fold(lambda unit: (unit,), range(n_units)) == tuple(range(n_units))


def test_the_engine_raises_what_a_unit_raises(engine: Names) -> None:
    with pytest.raises(ZeroDivisionError):
        engine["Pool"](2).fold(lambda unit: 1 / (unit - 3), range(5))


def test_the_engine_does_the_work_of_a_fit(engine: Names) -> None:
    asked: list[int] = []

    class Watched(engine["Pool"]):
        def fold(self, task: Callable[[Any], Any], units: Sequence[Any]) -> Any:
            asked.append(len(units))
            return super().fold(task, units)

    rows = engine["X"]
    found = GaussianMixture(2, engine=Watched(2), random_state=0).fit(rows)
    assert max(asked) > 1
    assert_array_equal(found.means_, engine["other"].means_)


FOLDERS = ("src", "tests", "docs", "examples", "benchmarks")
FILES = {
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.*"),
        *(file for one in FOLDERS for file in (ROOT / one).rglob("*.*")),
    )
}
TEXTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in FILES - {"tests/test_extension.py"}
    if name.endswith((".py", ".h"))
}
CODE = "\n".join(TEXTS.values())
PLANNED = {"testing/"}

PAGES = [CONTRIBUTING, DESIGN, *sorted((ROOT / "docs" / "extending").glob("*.md"))]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def quoted(page: Path) -> list[str]:
    """Return what stands between backticks on a page, outside its cells."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`]+)`", prose)


@every_page
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = {word for word in quoted(page) if re.fullmatch(r"[\w/]+(/|\.(py|c|h|md))", word)}
    missing = {
        word for word in named - PLANNED if not any(f"/{word}" in f"/{path}" for path in FILES)
    }
    assert missing == set()


@every_page
def test_every_function_and_constant_that_a_page_names_is_there(page: Path) -> None:
    words = {re.sub(r"\(.*", "", word).rpartition(".")[2] for word in quoted(page)}
    named = {word for word in words if re.fullmatch(r"[A-Z][A-Z_]{2,}|[A-Z][a-z]+[A-Z]\w+", word)}
    called = {word.partition("(")[0] for word in quoted(page) if re.fullmatch(r"\w+\(.*\).*", word)}
    missing = {word for word in named if not re.search(rf"\b{word}\b", CODE)}
    missing |= {word for word in called if not re.search(rf"(def|class) {word}\b", CODE)}
    assert missing == set()


@every_page
def test_what_a_page_says_is_in_a_module_is_defined_there(page: Path) -> None:
    dotted = [re.fullmatch(r"([a-z_]+)\.([A-Z]\w+)", word) for word in quoted(page)]
    for module, name in (found.groups() for found in dotted if found):
        texts = [text for file, text in TEXTS.items() if f"/{file}".endswith(f"/{module}.py")]
        assert any(re.search(rf"^(class )?{name}\b", text, re.MULTILINE) for text in texts), name


def test_the_toys_are_gone_when_their_pages_are_left() -> None:
    with followed("A covariance structure"):
        assert "VVH" in STRUCTURES
    assert "VVH" not in STRUCTURES
