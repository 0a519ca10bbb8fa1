"""What is loaded is what is used: seconds of other packages are not the price of a small fit."""

import subprocess
import sys

import numpy as np
import pytest

import mixtura
from mixtura import discriminant, estimators
from mixtura.store import save

pytestmark = pytest.mark.drawn(2, among="file")

FIT = """
import numpy as np
from mixtura import GaussianMixture
rows = np.random.default_rng(0).normal(size=(150, 4))
GaussianMixture(3).fit(rows).predict(rows)
"""
# The command ends the process by itself, so it is looked at on the way out.
COMMAND = """
import atexit, sys
from mixtura.cli import main
atexit.register(lambda: print("\\n" + " ".join(sys.modules)))
main()
"""
# What a fit needs nothing of, of scikit-learn and of this package.
OTHERS = {
    *(f"sklearn.{name}" for name in ("cluster", "ensemble", "linear_model", "metrics")),
    *("sklearn.mixture", "sklearn.model_selection", "matplotlib", "jinja2", "pyarrow.parquet"),
    *("mixtura.estimators.student_t", "mixtura.discriminant", "mixtura.regressions"),
    *("mixtura.classes", "mixtura.inference", "mixtura.report", "mixtura.cli"),
}
# What inspecting a table, or telling the components of rows, needs nothing of. Where pandas is
# installed, pyarrow loads it by itself.
HEAVY = {"sklearn", "scipy.stats", "scipy.optimize", "scipy.spatial", "matplotlib"}


def loaded(program, *arguments):
    """Return the modules that a process of a program ends with."""
    told = program if program is COMMAND else f"{program}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", told, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {*done.stdout.splitlines()[-1].split()}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("importing") / "rows.csv"
    rows = np.random.default_rng(0).normal(size=(60, 2))
    np.savetxt(path, rows, delimiter=",", header="height,width", comments="")
    return path


def test_the_package_alone_loads_nothing():
    assert not {"numpy", "scipy", "sklearn"} & loaded("import mixtura")


def test_a_fit_loads_no_other_estimators_and_nothing_that_draws():
    found = loaded(FIT)
    assert "mixtura.estimators.gaussian" in found
    assert found & OTHERS == set()


def test_a_table_is_inspected_without_scikit_learn(table):
    found = loaded(COMMAND, "inspect", table)
    assert "mixtura.inspection" in found
    assert found & HEAVY == set()


def test_the_command_fits_without_what_judges_classes_and_draws(table):
    found = loaded(COMMAND, "fit", table, "-k", "2", "-s", "VVI")
    assert "mixtura.cli.fit" in found
    assert found & {"sklearn.model_selection", "sklearn.metrics", "matplotlib", "jinja2"} == set()


def test_rows_are_told_their_components_without_scikit_learn(table, tmp_path):
    model = tmp_path / "model.mixtura"
    rows = np.loadtxt(table, delimiter=",", skiprows=1)
    save(model, mixtura.GaussianMixture(2).fit(rows).mixture_)
    assert loaded(COMMAND, "predict", model, table) & HEAVY == set()


@pytest.mark.parametrize("room", [estimators, discriminant])
def test_what_a_room_hands_on_is_there_whatever_was_loaded_before(room):
    assert {*room.PLACES} == {*room.__all__}
    # Python sets a module on its package, in place of what is called like it.
    assert {*room.PLACES} & {*room.PLACES.values()} == set()
    assert all(callable(getattr(room, name)) for name in room.__all__)
    with pytest.raises(AttributeError, match=f"'{room.__name__}' has no attribute 'nothing'"):
        _ = room.nothing


def test_a_file_of_an_estimator_is_read_where_nobody_asked_for_its_class(tmp_path):
    path = tmp_path / "counts.mixtura"
    counts = np.random.default_rng(0).poisson(3.0, size=(50, 2))
    mixtura.PoissonMixture(2, random_state=0).fit(counts).save(path)
    read = f"import mixtura; assert type(mixtura.load({str(path)!r})).__name__ == 'PoissonMixture'"
    assert "mixtura.estimators.named" in loaded(read)
