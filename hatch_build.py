"""Compile the kernels: for wheels and editable installs, and in place by `python hatch_build.py`.

The compiler is that of the environment variable CC, else the one inside the ziglang package, which
needs nothing of the machine and is fetched where it is not there, by version and SHA-256, else
`cc`. Where none works the build ends with a sentence that says what to do. So ziglang is no build
dependency, which an index must have or nothing could be installed from it. Where MIXTURA_TARGET
names another machine, say musl-aarch64, ziglang compiles for that.
"""

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("src", "mixtura", "native")
TARGET = "MIXTURA_TARGET"

# Not -ffast-math: sums keep their order, and only errno and traps, which nothing reads, are gone.
FLAGS = [
    *("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"),
]
# What zig adds unless told not to.
PLAIN = ["-g0", "-fno-sanitize=all"]
# Compilers keep to half the width of AVX-512 unless asked.
WIDE = ["-mprefer-vector-width=512"]


class Zig(NamedTuple):
    """A machine that ziglang compiles for, and the wheel platform that the result runs on."""

    target: str
    wheel: str


ZIG = {
    ("glibc", "x86_64"): Zig("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64"),
    ("glibc", "aarch64"): Zig("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64"),
    ("musl", "x86_64"): Zig("x86_64-linux-musl", "musllinux_1_2_x86_64"),
    ("musl", "aarch64"): Zig("aarch64-linux-musl", "musllinux_1_2_aarch64"),
    ("macosx", "x86_64"): Zig("x86_64-macos.11.0", "macosx_11_0_x86_64"),
    ("macosx", "arm64"): Zig("aarch64-macos.11.0", "macosx_11_0_arm64"),
    ("win", "x86_64"): Zig("x86_64-windows-gnu", "win_amd64"),
    ("win", "arm64"): Zig("aarch64-windows-gnu", "win_arm64"),
}


# What is fetched and run is this and nothing else: pip compares the digests before it unpacks.
ZIGLANG = "0.17.1"
DIGESTS = {
    "macosx_13_0_arm64": "09953b6af7f64168b915180a42774f520f92d86ef6331b28e33915c7e1f0bb23",
    "macosx_13_0_x86_64": "4e0b4b9c02b8d0d220e9948010f860b62ff11d96abb39762eca5fa2ef3f7bc97",
    "manylinux_2_12_x86_64": "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
    "manylinux_2_17_aarch64": "b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e",
    "win_amd64": "69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb",
    "win_arm64": "27a8da5f8eaa0e76ebbc7c2594130ed4646c1101ada2ce0aa86fe580c74154b9",
}


class Compiler(NamedTuple):
    """A command that compiles C, and the platform tag of a wheel with what it makes."""

    command: list[str]
    wheel: str
    level: str  # how it is told one of the levels of x86-64, say "v3"


class NoCompiler(Exception):
    """Nothing compiled the kernels: a sentence that says what to do."""


class Kernels(NamedTuple):
    """The libraries that were built, and the platform tag of a wheel that has them."""

    libraries: list[Path]
    wheel: str


def machine() -> tuple[str, str]:
    """Return the system (with its C library on Linux) and processor that this Python runs on."""
    system, _, rest = sysconfig.get_platform().partition("-")
    processor = rest.rpartition("-")[2]
    if processor == "universal2":
        processor = platform.machine()
    if system == "linux":
        system = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    return system, {"amd64": "x86_64"}.get(processor, processor)


def target() -> tuple[str, str]:
    """Return the system and processor to compile for.

    Raises
    ------
    NoCompiler
        If another is asked for than ziglang compiles for.
    """
    asked = os.environ.get(TARGET)
    known = {"-".join(each): each for each in ZIG}
    if asked is None:
        return machine()
    if asked not in known:
        raise NoCompiler(f"{TARGET} is {asked!r}, and should be one of {', '.join(known)}")
    return known[asked]


def suffix() -> str:
    """Return what the names of libraries end with where they run."""
    return ".dll" if target()[0] == "win" else ".so"


def compilers(scratch: Path, warn: Callable[[str], None]) -> Iterator[Compiler]:
    """Yield the compilers to try, in order; what must be fetched goes into a scratch folder."""
    here = sysconfig.get_platform().replace("universal2", machine()[1])
    here = here.replace("-", "_").replace(".", "_")
    elsewhere = TARGET in os.environ
    if (chosen := os.environ.get("CC")) and not elsewhere:
        yield Compiler(shlex.split(chosen), here, "-march=x86-64-{}")
        return
    if target() in ZIG and (command := zig_command(scratch, warn)):
        zig = ZIG[target()]
        command = [*command, "cc", "-target", zig.target, *PLAIN]
        yield Compiler(command, zig.wheel, "-mcpu=x86_64_{}")
    if (cc := shutil.which("cc")) and not elsewhere:
        yield Compiler([cc], here, "-march=x86-64-{}")


def zig_command(scratch: Path, warn: Callable[[str], None]) -> list[str] | None:
    """Return how zig is called: from this environment, else fetched; None where neither works."""
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang"]
    # Isolated, as the environment of a build hides the pip that it was begun by.
    fetch = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"]
    fetch += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"]
    target, pinned = scratch / "fetched", scratch / "ziglang.txt"
    digests = (f"--hash=sha256:{digest}" for digest in DIGESTS.values())
    pinned.write_text(f"ziglang=={ZIGLANG} {' '.join(digests)}\n", encoding="utf-8")
    command = [sys.executable, *fetch, str(pinned), "--target", str(target)]
    if problem := failure(command, dict(os.environ)):
        warn(f"ziglang {ZIGLANG} could not be fetched:\n{problem}")
        return None
    found = sorted(target.glob("ziglang/zig*"))
    return next(([str(file)] for file in found if file.stem == "zig" and file.is_file()), None)


def variants(compiler: Compiler) -> dict[str, list[str]]:
    """Return the names of the builds for that machine, and the flags that each adds."""
    if target()[1] != "x86_64":
        return {"any": []}
    levels = {level: [compiler.level.format(level)] for level in ("v2", "v3", "v4")}
    return levels | {"v4": levels["v4"] + WIDE}


def build(sources: Path, folder: Path, warn: Callable[[str], None]) -> Kernels:
    """Compile the sources into libraries in the folder, in place of those that stood there.

    Parameters
    ----------
    sources : the folder of the C files
    folder : where the libraries go
    warn : called with a sentence for everything that did not work

    Returns
    -------
    what was built

    Raises
    ------
    NoCompiler
        If nothing could be built.
    """
    kept: list[Path] = []
    try:
        kernels = first_that_works(sources, folder, warn)
        kept = kernels.libraries
    except OSError as error:
        raise NoCompiler(f"the compiled kernels cannot be written: {error}") from error
    finally:
        # Libraries of older sources would be wrong.
        for stale in set(folder.glob(f"kernels_*{suffix()}")) - set(kept):
            stale.unlink()
    return kernels


def first_that_works(sources: Path, folder: Path, warn: Callable[[str], None]) -> Kernels:
    """Return what the first compiler that works made."""
    with TemporaryDirectory() as scratch:
        for compiler in compilers(Path(scratch), warn):
            if libraries := compiled(compiler, sources, folder, warn):
                return Kernels(libraries, compiler.wheel)
    raise NoCompiler(
        "no C compiler worked (what was tried stands above): install one (gcc, clang, or pip "
        f"install ziglang=={ZIGLANG}), name it in CC, and build again"
    )


def compiled(
    compiler: Compiler, sources: Path, folder: Path, warn: Callable[[str], None]
) -> list[Path]:
    """Return the libraries that this compiler made, each written whole or not at all."""
    files = sorted(str(file) for file in sources.glob("*.c"))
    # Next to the libraries, so that they can be moved into place.
    with TemporaryDirectory(dir=folder, prefix=".building-") as scratch:
        cache = str(Path(scratch, "cache"))
        environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}

        def library(name: str, flags: list[str]) -> Path | None:
            made = Path(scratch, f"kernels_{name}{suffix()}")
            command = [*compiler.command, *FLAGS, *flags, *files, "-o", str(made), "-lm"]
            if problem := failure(command, environment):
                warn(f"{shlex.join(command)} failed:\n{problem}")
                return None
            return made.replace(folder / made.name)

        with ThreadPoolExecutor() as pool:
            builds = variants(compiler)
            made = list(pool.map(library, builds.keys(), builds.values()))
    return [each for each in made if each is not None]


def failure(command: list[str], environment: dict[str, str]) -> str | None:
    """Run a command, and return what it said if it failed."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
    except OSError as error:
        return str(error)
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    return None if done.returncode == 0 else said or f"exit code {done.returncode}"


class KernelBuildHook(BuildHookInterface):
    """What hatchling calls before and after it makes a wheel."""

    _scratch: TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in place for an editable install, else into the wheel."""
        sources = Path(self.root, NATIVE)
        if version == "editable":
            self._build(sources, sources)
            return
        self._scratch = TemporaryDirectory()
        kernels = self._build(sources, Path(self._scratch.name))
        inside = NATIVE.relative_to("src").as_posix()
        files = {str(path): f"{inside}/{path.name}" for path in kernels.libraries}
        build_data["force_include"].update(files)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{kernels.wheel}"

    def _build(self, sources: Path, folder: Path) -> Kernels:
        try:
            return build(sources, folder, self.app.display_warning)
        except NoCompiler as error:
            self.app.abort(str(error))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take away what stands in the wheel now."""
        if self._scratch is not None:
            self._scratch.cleanup()


def main() -> None:
    """Compile in place, or into the folder that is named, and say what was made."""
    sources = Path(__file__).parent / NATIVE
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else sources
    if TARGET in os.environ and folder == sources:
        sys.exit(f"{TARGET} names another machine; give a folder, to keep the kernels of this one")
    try:
        kernels = build(sources, folder, lambda sentence: print(sentence, file=sys.stderr))
    except NoCompiler as error:
        sys.exit(str(error))
    for path in kernels.libraries:
        print(path)


if __name__ == "__main__":
    main()
