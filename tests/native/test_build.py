"""Wheels, source archives and builds in place: with a compiler, without one, with a false one."""

import ctypes
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mixtura.native import library

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "hatch_build.py"
NATIVE = Path("src", "mixtura", "native")
MODULES = {path.name for path in (ROOT / NATIVE).glob("*.py")}

if not SCRIPT.exists() or importlib.util.find_spec("hatchling") is None:
    pytest.skip("these tests build the source tree by hatchling", allow_module_level=True)

PYTHON = Path(sys.executable).as_posix()
FAILING = shlex.join([PYTHON, "-c", "raise SystemExit('out of order')"])
WRITING = shlex.join(
    [PYTHON, "-c", "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write('compiled')"]
)


@pytest.fixture
def tree(tmp_path):
    """Return a copy of what a build reads, without anything built."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    built = shutil.ignore_patterns("*.so", "*.dll", "__pycache__")
    shutil.copytree(ROOT / NATIVE, tmp_path / NATIVE, ignore=built)
    shutil.copy(ROOT / "src" / "mixtura" / "__init__.py", tmp_path / "src" / "mixtura")
    return tmp_path


@pytest.fixture
def hatch_build():
    specification = importlib.util.spec_from_file_location("hatch_build", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(tree, *arguments, **variables):
    environment = {**os.environ, **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def wheel(tree, **variables):
    """Build a wheel; return its name, the files of the native room, and what was said."""
    done = run(tree, "-m", "hatchling", "build", "-t", "wheel", "-d", "made", **variables)
    assert done.returncode == 0, done.stderr
    (path,) = (tree / "made").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {Path(name).name for name in archive.namelist() if "/native/" in name}
    return path.name, names, done.stdout + done.stderr


def libraries(hatch_build):
    builds = hatch_build.variants(hatch_build.Compiler([], "", "-march=x86-64-{}"))
    return {f"kernels_{name}{library.SUFFIX}" for name in builds}


def test_the_loader_knows_every_build(hatch_build):
    known = {f"kernels_{name}{library.SUFFIX}" for name in library.BUILDS}
    assert libraries(hatch_build) <= known


def test_where_no_compiler_works_the_build_fails_and_says_what_to_do(tree):
    done = run(tree, "-m", "hatchling", "build", "-t", "wheel", "-d", "made", CC=FAILING)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "out of order" in said
    assert "no C compiler worked" in said
    assert "install one (gcc, clang, or pip install ziglang==" in said
    assert not [*(tree / "made").glob("*.whl")]


def test_what_is_fetched_is_pinned_by_version_and_digest(hatch_build, tmp_path, monkeypatch):
    asked = []

    def fail(command, environment):
        asked.append((command, Path(command[command.index("--requirement") + 1]).read_text()))
        return "no index"

    monkeypatch.setattr(hatch_build, "failure", fail)
    monkeypatch.setattr(hatch_build.importlib.util, "find_spec", lambda name: None)
    said = []
    assert hatch_build.zig_command(tmp_path, said.append) is None
    ((command, pinned),) = asked
    assert "--require-hashes" in command
    assert "--only-binary=:all:" in command
    assert pinned.startswith(f"ziglang=={hatch_build.ZIGLANG} --hash=sha256:")
    digests = [word.removeprefix("--hash=sha256:") for word in pinned.split()[1:]]
    assert digests == [*hatch_build.DIGESTS.values()]
    assert all(len(bytes.fromhex(digest)) == 32 for digest in digests)
    assert len(set(digests)) == 6
    assert said == [f"ziglang {hatch_build.ZIGLANG} could not be fetched:\nno index"]


def test_a_wheel_of_another_digest_is_never_unpacked(hatch_build, tmp_path, monkeypatch):
    name = f"ziglang-{hatch_build.ZIGLANG}"
    info = f"{name}.dist-info"
    with zipfile.ZipFile(tmp_path / f"{name}-py3-none-any.whl", "w") as archive:
        archive.writestr("ziglang/zig", "evil")
        archive.writestr(f"{info}/METADATA", f"Name: ziglang\nVersion: {hatch_build.ZIGLANG}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(hatch_build.importlib.util, "find_spec", lambda name: None)
    said = []
    (tmp_path / "scratch").mkdir()
    assert hatch_build.zig_command(tmp_path / "scratch", said.append) is None
    assert "DO NOT MATCH THE HASHES" in said[0]


@pytest.mark.parametrize(
    ("named", "tag", "ending", "builds"),
    [
        ("musl-aarch64", "musllinux_1_2_aarch64", ".so", {"any"}),
        ("glibc-x86_64", "manylinux_2_17_x86_64", ".so", {"v2", "v3", "v4"}),
        ("macosx-arm64", "macosx_11_0_arm64", ".so", {"any"}),
        ("win-x86_64", "win_amd64", ".dll", {"v2", "v3", "v4"}),
    ],
)
def test_another_machine_is_compiled_for_by_ziglang_alone(
    hatch_build, tmp_path, monkeypatch, named, tag, ending, builds
):
    monkeypatch.setenv("MIXTURA_TARGET", named)
    monkeypatch.setenv("CC", WRITING)
    monkeypatch.setattr(hatch_build, "zig_command", lambda scratch, warn: ["zig"])
    (compiler,) = hatch_build.compilers(tmp_path, print)
    assert compiler.command[:3] == ["zig", "cc", "-target"]
    assert compiler.wheel == tag
    assert hatch_build.suffix() == ending
    assert set(hatch_build.variants(compiler)) == builds


def test_a_machine_that_ziglang_does_not_know_is_refused(tree):
    done = run(tree, "-m", "hatchling", "build", "-t", "wheel", MIXTURA_TARGET="sun-sparc")
    assert done.returncode != 0
    assert "MIXTURA_TARGET is 'sun-sparc', and should be one of glibc-x86_64" in (
        done.stdout + done.stderr
    )


def test_kernels_of_another_machine_do_not_take_the_place_of_those_of_this_one(tree):
    kept = tree / NATIVE / f"kernels_v3{library.SUFFIX}"
    kept.touch()
    done = run(tree, "hatch_build.py", MIXTURA_TARGET="musl-aarch64")
    assert done.returncode == 1
    assert "give a folder" in done.stderr
    assert kept.exists()


def test_a_wheel_with_kernels_is_of_a_platform_and_of_no_python(tree, hatch_build):
    name, files, _ = wheel(tree, CC=WRITING)
    assert "-py3-none-" in name
    assert not name.endswith("-any.whl")
    assert files == MODULES | libraries(hatch_build)


def test_a_wheel_leaves_the_tree_as_it_was(tree):
    before = {path.name for path in (tree / NATIVE).iterdir()}
    wheel(tree, CC=WRITING)
    assert {path.name for path in (tree / NATIVE).iterdir()} == before


def test_a_source_archive_has_what_kernels_are_built_from(tree):
    done = run(tree, "-m", "hatchling", "build", "-t", "sdist", "-d", "made", CC=FAILING)
    assert done.returncode == 0, done.stderr
    (path,) = (tree / "made").glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"hatch_build.py", "src/mixtura/native/version.c"} <= names
    assert "src/mixtura/native/mixtura.h" in names


def test_a_build_in_place_that_fails_leaves_nothing_of_older_sources(tree):
    stale = tree / NATIVE / f"kernels_v3{library.SUFFIX}"
    stale.touch()
    done = run(tree, "hatch_build.py", CC=FAILING)
    assert done.returncode == 1
    assert "no C compiler worked" in done.stderr
    assert not stale.exists()


def test_what_a_compiler_builds_in_place_can_be_called(tree):
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    for source in {*(tree / NATIVE).glob("*.c")} - {tree / NATIVE / "version.c"}:
        source.unlink()
    done = run(tree, "hatch_build.py", CC="cc")
    assert done.returncode == 0, done.stderr
    path = library.best_build(tree / NATIVE, library.processor_features())
    assert ctypes.CDLL(str(path)).mx_version() == library.VERSION
    assert not [*(tree / NATIVE).glob(".building-*")]


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.nightly
def test_the_kernels_are_read_without_a_warning(hatch_build):
    strict = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    sources = [str(path) for path in (ROOT / NATIVE).glob("*.c")]
    for flags in hatch_build.variants(
        hatch_build.Compiler(strict, "", "-march=x86-64-{}")
    ).values():
        done = subprocess.run([*strict, *flags, *sources], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.nightly
def test_the_kernels_compile_without_a_warning(hatch_build, tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    said = []
    strict = ["cc", "-Wall", "-Wextra", "-Werror"]
    compiler = hatch_build.Compiler(strict, "", "-march=x86-64-{}")
    made = hatch_build.compiled(compiler, ROOT / NATIVE, tmp_path, said.append)
    assert said == []
    assert len(made) == len(hatch_build.variants(compiler))


def test_a_build_goes_into_the_folder_that_is_named(tree):
    (tree / "elsewhere").mkdir()
    done = run(tree, "hatch_build.py", "elsewhere", CC=WRITING)
    assert done.returncode == 0, done.stderr
    (found, *_) = (tree / "elsewhere").iterdir()
    assert Path("elsewhere", found.name) in map(Path, done.stdout.splitlines())
    assert not [*(tree / NATIVE).glob("kernels_*")]


def fetches(monkeypatch, hatch_build, made):
    """Let the fetching of ziglang make some files, or fail, and return what was asked for."""
    asked = []

    def failure(command, environment):
        asked.append(command)
        if not made:
            return "no such package"
        folder = Path(command[command.index("--target") + 1], "ziglang")
        folder.mkdir(parents=True)
        for name in made:
            (folder / name).touch()
        return None

    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(hatch_build, "machine", lambda: ("glibc", "x86_64"))
    monkeypatch.setattr(hatch_build.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(hatch_build.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(hatch_build, "failure", failure)
    return asked


def test_ziglang_is_fetched_where_it_is_not_there(monkeypatch, hatch_build, tmp_path):
    asked = fetches(monkeypatch, hatch_build, ["zig", "__main__.py", "zigzag.txt"])
    first = next(hatch_build.compilers(tmp_path, print))
    assert first.command[:2] == [str(tmp_path / "fetched" / "ziglang" / "zig"), "cc"]
    assert "--require-hashes" in asked[0]


def test_where_ziglang_cannot_be_fetched_the_compiler_of_the_machine_is_tried(
    monkeypatch, hatch_build, tmp_path
):
    fetches(monkeypatch, hatch_build, [])
    assert [each.command for each in hatch_build.compilers(tmp_path, print)] == [["/bin/cc"]]


def test_nothing_is_fetched_where_a_compiler_is_named(monkeypatch, hatch_build, tmp_path):
    asked = fetches(monkeypatch, hatch_build, ["zig"])
    monkeypatch.setenv("CC", "icc -O2")
    assert [each.command for each in hatch_build.compilers(tmp_path, print)] == [["icc", "-O2"]]
    assert not asked


def test_nothing_is_fetched_for_a_machine_that_ziglang_does_not_know(
    monkeypatch, hatch_build, tmp_path
):
    asked = fetches(monkeypatch, hatch_build, ["zig"])
    monkeypatch.setattr(hatch_build, "machine", lambda: ("musl", "mips"))
    assert [each.command for each in hatch_build.compilers(tmp_path, print)] == [["/bin/cc"]]
    assert not asked
