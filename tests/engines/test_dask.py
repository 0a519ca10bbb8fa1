"""Workers of a Dask cluster give the bits of every other engine; a lost one is made up for."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import process_tasks as tasks
import pytest
from click.testing import CliRunner

from mixtura import EngineError, GaussianMixture, ParameterError, PoissonMixture, dataset, select
from mixtura.cli.command import command
from mixtura.engines import Engine, Serial, engine_named
from mixtura.store import load_with_facts

pytestmark = pytest.mark.drawn(3, among="file")

distributed = pytest.importorskip("distributed", reason="Dask is not installed: mixtura[dask]")

# More than a tile: fewer are fitted in one process, whatever the engine.
ROWS = np.random.default_rng(0).normal(size=(20_000, 6)) + np.random.default_rng(1).integers(
    3, size=(20_000, 1)
)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def engine(client: Any) -> Iterator[Engine]:
    engine = engine_named(client, None)
    with engine.session():
        yield engine


@pytest.mark.parametrize("n_units", [1, 2, 3, 7, 64])
def test_units_are_added_as_by_one_worker(engine: Engine, n_units: int) -> None:
    expected = Serial().fold(tasks.shape_of, range(n_units))
    assert engine.fold(tasks.shape_of, range(n_units)) == expected


def test_results_come_back_in_the_order_of_their_items(engine: Engine) -> None:
    assert list(engine.map(tasks.doubled, range(9))) == [2 * item for item in range(9)]


def test_all_workers_work_and_not_the_caller(engine: Engine) -> None:
    workers = set(engine.map(tasks.process_of, range(8)))
    assert len(workers) == 2
    assert os.getpid() not in workers


def test_blas_has_one_thread_in_every_worker(engine: Engine) -> None:
    assert list(engine.map(tasks.blas_threads, range(2))) == [{1}, {1}]


def test_what_outlasts_a_task_is_sent_once(
    engine: Engine, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    scatter = client.scatter
    monkeypatch.setattr(
        client, "scatter", lambda content, **how: sent.append(1) or scatter(content, **how)
    )
    numbers = tasks.Numbers(np.random.default_rng(0).normal(size=100_000))
    parts = [slice(start, start + 25_000) for start in range(0, 100_000, 25_000)]
    expected = Serial().fold(tasks.SumOf(numbers), parts)
    for _ in range(3):
        assert engine.fold(tasks.SumOf(numbers), parts) == expected
    assert sent == [1]


def test_an_error_of_a_worker_comes_back_as_itself(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError, match="item three"):
        list(engine.map(tasks.fails_at_three, range(6)))
    with pytest.raises(EngineError, match="Odd: an odd error"):
        engine.fold(tasks.odd_error, range(4))
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


def test_a_fit_has_the_bits_of_memory(client: Any) -> None:
    expected = GaussianMixture(3, random_state=0, engine="serial").fit(ROWS)
    found = GaussianMixture(3, random_state=0, engine=client).fit(ROWS)
    with dataset([ROWS[:7000], ROWS[7000:]], memory="100 kB") as data:
        beyond = GaussianMixture(3, random_state=0, engine=client).fit(data)
    for one in (found, beyond):
        assert one.log_likelihood_ == expected.log_likelihood_
        assert one.means_.tobytes() == expected.means_.tobytes()


def test_a_search_has_the_bits_of_memory(client: Any) -> None:
    asked: Any = (ROWS[:600, :3], range(1, 4), ["VVV", "EII"])
    found = select(*asked, random_state=0, engine=client)
    expected = select(*asked, random_state=0, engine="serial")
    assert [one.value("bic") for one in found.candidates] == [
        one.value("bic") for one in expected.candidates
    ]


def test_the_name_alone_starts_workers_by_the_address_others_are_found(client: Any) -> None:
    counts = np.random.default_rng(2).poisson(3, size=(6000, 2))
    expected = PoissonMixture(2, random_state=0).fit(counts).log_likelihood_
    for name in ("dask", client.scheduler.address):
        found = PoissonMixture(2, random_state=0, engine=name, n_jobs=1).fit(counts)
        assert found.log_likelihood_ == expected


def test_the_command_takes_an_engine(client: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    np.savetxt(file, ROWS[:500, :2], delimiter=",", header="a,b", comments="")
    found = []
    for name in ("serial", client.scheduler.address):
        out = str(tmp_path / f"out-{len(found)}")
        asked = ["fit", str(file), "-k", "2:3", "-s", "EII", "--engine", name, "-o", out]
        done = CliRunner().invoke(command, asked)
        assert done.exit_code == 0, done.output
        found.append(load_with_facts(f"{out}/model.mixtura")[1]["log_likelihood"])
    assert found[0] == found[1]
    refused = CliRunner().invoke(command, ["fit", str(file), "--engine", "horses"])
    assert refused.exit_code == 2
    assert "none of serial, threads, processes, dask" in refused.output


# Row 42 of the table of faults.
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_fault_42_a_worker_killed_in_mid_pass_is_made_up_for(
    engine: Engine, tmp_path: Path
) -> None:
    task = tasks.KillsOnce(str(tmp_path / "killed"))
    assert engine.fold(task, range(16)) == Serial().fold(tasks.shape_of, range(16))
    assert (tmp_path / "killed").exists()
    assert engine.fold(tasks.shape_of, range(16)) == Serial().fold(tasks.shape_of, range(16))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_fault_42_what_ends_every_worker_is_an_error_that_names_the_unit(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"given unit 1 \(counted from 0\) ended"):
        list(engine.map(tasks.kills_at_one, range(2)))
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"pip install 'mixtura\[dask\]'"):
        engine_named("dask", None)


def test_an_address_where_nobody_answers_is_refused() -> None:
    engine = engine_named("tcp://127.0.0.1:1", None)
    with (
        _soon(),
        pytest.raises(EngineError, match=r"no Dask scheduler at 'tcp://127\.0\.0\.1:1'"),
        engine.session(),
    ):
        pass


def _soon() -> Any:
    import dask

    return dask.config.set({"distributed.comm.timeouts.connect": "0.5s"})
