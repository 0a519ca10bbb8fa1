"""Problems in processes of their own, some at a time, each with a limit of time."""

import multiprocessing
import os
import signal
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from time import perf_counter

import numpy as np

__all__ = ["Row", "Task", "rows_of"]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
# How often limits are looked at, in seconds.
TICK = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """One problem to be drawn and fitted by all columns."""

    seed: int
    group: str
    kind: str
    without: tuple[str, ...]
    columns: tuple[str, ...]
    quick: bool


@dataclass(slots=True)
class Row:
    """What is known of one problem; ends by column, as they come."""

    seed: int
    group: str
    kind: str
    seconds: float = 0.0
    size: tuple[int, int, int] = (0, 0, 0)
    structure: str = ""
    traits: tuple[str, ...] = ()
    tokens: float = 0.0
    running: str | None = None
    ends: dict = field(default_factory=dict)

    def as_dict(self):
        return asdict(self)


def work(task, connection):
    """Do a task, as long as there is one who listens."""
    with suppress(BrokenPipeError):
        tell(task, connection)


def tell(task, connection):
    """Draw and fit, and tell of each end at once, so that a limit loses but one."""
    # A session of its own: an interrupt is for the parent, who ends all that belongs to this.
    os.setsid()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    from contestants import contestants
    from judging import end_of
    from problems import problem

    drawn = problem(task.seed, task.kind, task.without)
    warm_up()
    structure = drawn.structure if drawn.family == "gaussian" else drawn.family
    tokens = float(drawn.held_out.sum()) if task.group == "texts" else 0.0
    connection.send(
        {"size": drawn.size, "structure": structure, "traits": drawn.traits, "tokens": tokens}
    )
    truth = None
    for name, fit in contestants(drawn, task.columns, task.quick).items():
        connection.send({"running": name})
        end, found = end_of(fit, drawn, task.seed % 2**32, truth, name == "truth")
        truth = found if name == "truth" else truth
        connection.send({"end": (name, end)})
    connection.send({"running": None})


def warm_up():
    """Load what the first fit of a process loads."""
    from sklearn.mixture import GaussianMixture as SklearnMixture

    from mixtura import GaussianMixture

    rows = np.random.default_rng(0).normal(size=(60, 2))
    GaussianMixture(2, random_state=0, n_jobs=1).fit(rows)
    SklearnMixture(2, random_state=0).fit(rows)


def update(row, message):
    """Take a message from a process into its row."""
    for name, value in message.items():
        if name == "end":
            row.ends[value[0]] = value[1]
        else:
            setattr(row, name, value)


class Process:
    """A process under way, its row, and when it began."""

    def __init__(self, context, task):
        self.row = Row(task.seed, task.group, task.kind)
        self.connection, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(task, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.began = perf_counter()

    def seconds(self):
        return perf_counter() - self.began

    def read(self):
        """Take what there is to read, and return whether the process has ended."""
        try:
            while self.connection.poll():
                update(self.row, self.connection.recv())
        except (EOFError, OSError):
            return True
        return False

    def stop(self, reason=None):
        """End the process with its children; the column that ran gets the reason."""
        from judging import End

        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()
        self.process.join()
        self.connection.close()
        self.row.seconds = self.seconds()
        if reason is not None:
            name = self.row.running or "problem"
            self.row.ends[name] = End(error=reason, right=False, seconds=self.row.seconds)
        return self.row


def rows_of(tasks, jobs, limit):
    """Yield a row for each task as it ends; what is under way is ended with the generator."""
    for name in THREADS:
        os.environ[name] = "1"
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["contestants", "judging", "problems", "sklearn.mixture"])
    waiting, running = iter(tasks), []
    try:
        while True:
            while len(running) < jobs and (task := next(waiting, None)) is not None:
                running.append(Process(context, task))
            if not running:
                return
            wait([one.connection for one in running], TICK)
            for one in list(running):
                ended = one.read()
                late = one.seconds() > limit
                if ended or late:
                    running.remove(one)
                    lost = ended and (one.row.running is not None or not one.row.size[0])
                    reason = f"no end within {limit:g} s" if late and not ended else None
                    yield one.stop("the process died" if lost else reason)
    finally:
        for one in running:
            one.stop()
