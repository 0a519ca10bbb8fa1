"""Lint, types, tests and benchmarks in one command: nox."""

import os
import platform
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    # Each major version of clang-format has a mind of its own.
    session.install("ruff>=0.14", "clang-format==23.*")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    sources = sorted(str(path) for path in Path("src/mixtura/native").glob("*.[ch]"))
    session.run("clang-format", "--dry-run", "-Werror", *sources)


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install("-e", ".[dev]")
    session.run("basedpyright")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Run all tests, the slow and rare ones too, with more examples of what holds for any."""
    session.install("-e", ".[test]")
    command = ("pytest", "-q", "-n", "auto", "--dist", "worksteal", "-m", "")
    session.run(*command, *session.posargs, env={"MIXTURA_HYPOTHESIS": "nightly"})


# Every test that goes by the kernels alone, rather than by an estimator.
KERNELS = [
    *("tests/native", "tests/em/test_compiled.py", "tests/em/test_compiled_sweep.py"),
    *("tests/components/gaussian/test_kernel.py", "tests/grouped/test_fitting.py"),
    "--ignore=tests/native/test_build.py",
]


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the tests of the kernels with an eye on addresses and undefined behaviour."""
    watched = sanitized(session)
    session.run("pytest", "-q", *KERNELS, *session.posargs, env=watched)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fit random data by such kernels: `nox -s fuzz -- SECONDS SEED`."""
    watched = sanitized(session)
    watched["PYTHONPATH"] += f"{os.pathsep}tests"
    session.run("python", "-m", "fuzzing", *(session.posargs or ("600", "0")), env=watched)


def sanitized(session: nox.Session) -> dict[str, str]:
    """Return the environment in which kernels that sanitizers watch are imported.

    Compiled by CC, which is gcc or clang, into a copy of the package.
    """
    compiler = os.environ.get("CC", "gcc")
    clang = "clang" in Path(compiler).name
    watched = [compiler, "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]
    watched += ["-fno-sanitize-recover=all", *(["-shared-libasan"] if clang else [])]
    runtime = f"libclang_rt.asan-{platform.machine()}.so" if clang else "libasan.so"
    session.install(".[test]")
    copy = Path(session.create_tmp(), "src")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree("src", copy, ignore=shutil.ignore_patterns("*.so"))
    build = ("python", "hatch_build.py", str(copy / "mixtura" / "native"))
    session.run(*build, env={"CC": " ".join(watched)})
    found = session.run(compiler, f"-print-file-name={runtime}", external=True, silent=True)
    return {
        "LD_PRELOAD": str(found).strip(),
        # Python keeps what it allocates, and has an allocator of its own that hides overruns.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(copy),
    }


@nox.session
def wheels(session: nox.Session) -> None:
    """Build a wheel for each machine that ziglang compiles for into dist, and look into them."""
    session.install("hatchling>=1.26", "auditwheel")
    told = "import hatch_build as h; print(h.ZIGLANG, *map('-'.join, h.ZIG))"
    version, *targets = str(session.run("python", "-c", told, silent=True)).split()
    session.install(f"ziglang=={version}")
    for target in session.posargs or targets:
        build = ("hatchling", "build", "-t", "wheel", "-d", "dist")
        session.run(*build, env={"MIXTURA_TARGET": target})
    session.run("python", "tests/wheels.py", *sorted(map(str, Path("dist").glob("*.whl"))))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages into docs/_build; `nox -s docs` needs no network but for the packages."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the peers."""
    session.install("-e", ".[all]", "-r", "benchmarks/requirements.txt")
    session.run("python", "benchmarks/sweep.py")
    session.run("python", "benchmarks/memory.py")
