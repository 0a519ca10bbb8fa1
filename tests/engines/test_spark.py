"""Workers of a Spark session give the bits of every other engine; a lost one is made up for."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import process_tasks as tasks
import pytest

from mixtura import (
    CategoricalMixture,
    DataError,
    EngineError,
    GaussianMixture,
    ParameterError,
    dataset,
    select,
)
from mixtura.engines import Engine, Serial, engine_named

RNG = np.random.default_rng(0)
# More than the rows of a compiled run, which no engine is asked for.
ROWS = RNG.normal(size=(20_000, 6)) + 3 * RNG.integers(3, size=(20_000, 1))
NAMES = list("abcdef")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="Spark is not installed: mixtura[spark]")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is not installed, which Spark needs")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local[2,4]")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.memory", "512m")
            .config("spark.executorEnv.PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "3000")
            .getOrCreate()
        )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def engine(session: Any) -> Iterator[Engine]:
    engine = engine_named(session, None)
    with engine.session():
        yield engine


def frame_of(session: Any, columns: Any, n_partitions: int) -> Any:
    """Return a frame of Spark's that is cut into partitions in the order of its rows."""
    import pyarrow as pa

    table = pa.table(columns)
    parts = session.sparkContext.parallelize(range(n_partitions), n_partitions)
    step = -(-table.num_rows // n_partitions)
    schema = session.createDataFrame(table.slice(0, 1).to_pandas()).schema

    def rows_of(part: int) -> Any:
        columns = table.slice(part * step, step).to_pydict().values()
        return zip(*columns, strict=True)

    return parts.flatMap(rows_of).toDF(schema)


class Sent:
    """What was broadcast, until it is let go."""

    def __init__(self, value: bytes) -> None:
        self.value: Any = value

    def destroy(self) -> None:
        self.value = None


class Context:
    """What the engine asks of a context of Spark, done by the caller: no session need start."""

    defaultParallelism = 2

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.asked: list[bytes] = []
        self.fails: str | None = None

    def broadcast(self, value: bytes) -> Sent:
        self.sent.append(Sent(value))
        return self.sent[-1]

    def parallelize(self, items: list[bytes], count: int) -> "Context":
        assert len(items) == count
        self.asked = items
        return self

    def mapPartitions(self, work: Any) -> "Context":
        self.work = work
        return self

    def collect(self) -> list[bytes]:
        if self.fails:
            raise RuntimeError(self.fails)
        return [found for item in self.asked for found in self.work(iter([item]))]


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    return Context()


def test_what_is_sent_gives_the_bits_of_memory_and_is_let_go(context: Context) -> None:
    engine = engine_named("spark", None)
    engine._where = SimpleNamespace(sparkContext=context)
    expected = GaussianMixture(3, random_state=0, engine="serial").fit(ROWS)
    found = GaussianMixture(3, random_state=0, engine=engine).fit(ROWS)
    assert found.log_likelihood_ == expected.log_likelihood_
    assert found.means_.tobytes() == expected.means_.tobytes()
    assert context.sent
    assert all(sent.value is None for sent in context.sent)


def test_a_task_that_spark_gives_up_is_an_error_that_names_its_units(context: Context) -> None:
    engine = engine_named("spark", None)
    engine._where = SimpleNamespace(sparkContext=context)
    context.fails = "Job aborted: Task 2 in stage 7.0 failed 4 times, most recent failure: ..."
    with engine.session():
        with pytest.raises(EngineError, match=r"given units 4 to 5 \(counted from 0\).* 4 times"):
            engine.fold(tasks.shape_of, range(16))
        context.fails += " ModuleNotFoundError: No module named 'threadpoolctl'"
        with pytest.raises(EngineError, match=r"no module 'threadpoolctl'.*by PYSPARK_PYTHON"):
            engine.fold(tasks.shape_of, range(16))
        context.fails = "no such file"
        with pytest.raises(RuntimeError, match="no such file"):
            engine.fold(tasks.shape_of, range(16))


# Whatever starts a session is of the night: that alone takes 20 CPU seconds.
@pytest.mark.nightly
def test_a_fit_has_the_bits_of_memory(session: Any) -> None:
    expected = GaussianMixture(3, random_state=0, engine="serial").fit(ROWS)
    found = GaussianMixture(3, random_state=0, engine=session).fit(ROWS)
    frame = frame_of(session, {n: ROWS[:, j] for j, n in enumerate(NAMES)}, 5)
    with dataset(frame, memory="100 kB") as data:
        assert not data.is_in_memory
        beyond = GaussianMixture(3, random_state=0, engine=session).fit(data)
        assert (beyond.predict(data) == expected.predict(ROWS)).all()
        assert (beyond.score_samples(data) == expected.score_samples(ROWS)).all()
    for one in (found, beyond):
        assert one.log_likelihood_ == expected.log_likelihood_
        assert one.means_.tobytes() == expected.means_.tobytes()


@pytest.mark.nightly
@pytest.mark.parametrize("n_units", [1, 2, 7, 64])
def test_units_are_added_as_by_one_worker(engine: Engine, n_units: int) -> None:
    expected = Serial().fold(tasks.shape_of, range(n_units))
    assert engine.fold(tasks.shape_of, range(n_units)) == expected


@pytest.mark.nightly
def test_results_come_back_in_the_order_of_their_items(engine: Engine) -> None:
    assert list(engine.map(tasks.doubled, range(19))) == [2 * item for item in range(19)]


@pytest.mark.nightly
def test_workers_work_and_not_the_caller_and_blas_has_one_thread(engine: Engine) -> None:
    assert os.getpid() not in set(engine.map(tasks.process_of, range(8)))
    assert list(engine.map(tasks.blas_threads, range(2))) == [{1}, {1}]


@pytest.mark.nightly
def test_what_outlasts_a_task_is_broadcast_once(
    engine: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    context = session.sparkContext
    broadcast = context.broadcast
    monkeypatch.setattr(
        context, "broadcast", lambda content: sent.append(len(content)) or broadcast(content)
    )
    numbers = tasks.Numbers(np.random.default_rng(0).normal(size=100_000))
    parts = [slice(start, start + 25_000) for start in range(0, 100_000, 25_000)]
    expected = Serial().fold(tasks.SumOf(numbers), parts)
    for _ in range(3):
        assert engine.fold(tasks.SumOf(numbers), parts) == expected
    assert sum(size > 800_000 for size in sent) == 1
    assert len(sent) == 4


@pytest.mark.nightly
def test_an_error_of_a_worker_comes_back_as_itself(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError, match="item three"):
        list(engine.map(tasks.fails_at_three, range(6)))
    with pytest.raises(EngineError, match="Odd: an odd error"):
        engine.fold(tasks.odd_error, range(4))
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


@pytest.mark.nightly
def test_a_search_has_the_bits_of_memory(session: Any) -> None:
    asked: Any = (ROWS[:600, :3], range(1, 4), ["VVV", "EII"])
    found = select(*asked, random_state=0, engine=session)
    expected = select(*asked, random_state=0, engine="serial")
    assert [one.value("bic") for one in found.candidates] == [
        one.value("bic") for one in expected.candidates
    ]


# Row 42 of the table of faults.
@pytest.mark.nightly
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_fault_42_a_worker_killed_in_mid_pass_is_made_up_for(
    engine: Engine, tmp_path: Path
) -> None:
    task = tasks.KillsOnce(str(tmp_path / "killed"))
    assert engine.fold(task, range(16)) == Serial().fold(tasks.shape_of, range(16))
    assert (tmp_path / "killed").exists()


@pytest.mark.nightly
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_fault_42_what_ends_every_worker_is_an_error_that_names_the_unit(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"given unit 1 \(counted from 0\) ended, 4 times"):
        list(engine.map(tasks.kills_at_one, range(2)))
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


@pytest.mark.nightly
def test_weights_and_gaps_of_a_frame_are_those_of_memory(session: Any, tmp_path: Path) -> None:
    rows, weights = ROWS[:3000].copy(), RNG.integers(0, 4, 3000).astype(float)
    rows[RNG.random(rows.shape) < 0.1] = np.nan
    asked: Any = {"n_components": 3, "missing": "marginal", "random_state": 0}
    expected = GaussianMixture(**asked).fit(rows, sample_weight=weights)
    frame = frame_of(session, {**{n: rows[:, j] for j, n in enumerate(NAMES)}, "n": weights}, 3)
    with dataset(frame, weights="n", memory="10 kB", cache=tmp_path) as data:
        assert GaussianMixture(**asked).fit(data).log_likelihood_ == expected.log_likelihood_


@pytest.mark.nightly
def test_categories_of_a_frame_are_those_of_memory(session: Any) -> None:
    answers = np.array(["x", "y", "z"])[RNG.integers(3, size=(600, 3))]
    columns = {name: answers[:, j].tolist() for j, name in enumerate("pqr")}
    expected = CategoricalMixture(2, random_state=0).fit(answers)
    with dataset(frame_of(session, columns, 3), memory="1 kB") as data:
        found = CategoricalMixture(2, random_state=0).fit(data)
    assert found.log_likelihood_ == expected.log_likelihood_


@pytest.mark.nightly
def test_an_error_names_the_partition_and_a_frame_alone_is_refused(session: Any) -> None:
    rows = ROWS[:100].copy()
    rows[60, 1] = np.inf
    frame = frame_of(session, {n: rows[:, j] for j, n in enumerate(NAMES)}, 2)
    with pytest.raises(DataError, match=r"partition 1 \(counted from 0\).*'b'.*row 10"):
        assert dataset(frame).rows
    with pytest.raises(DataError, match=r"live with the workers of Spark.*dataset\(X\)"):
        GaussianMixture(2).fit(frame)


@pytest.mark.nightly
def test_the_name_alone_takes_the_session_that_there_is(session: Any) -> None:
    expected = GaussianMixture(2, random_state=0).fit(ROWS[:6000]).log_likelihood_
    found = GaussianMixture(2, random_state=0, engine="spark").fit(ROWS[:6000])
    assert found.log_likelihood_ == expected
    assert not session.sparkContext._jsc.sc().isStopped()


def test_without_spark_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ParameterError, match=r"pip install 'mixtura\[spark\]'"):
        engine_named("spark", None)
