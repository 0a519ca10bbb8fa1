"""`python tests/wheels.py WHEELS`: whether their libraries are what their tags say, and load.

A library of another processor is loaded by qemu-user, where that and a C library are (Debian's
qemu-user and libc6-arm64-cross), one of Windows by Wine (Debian's wine64), and ziglang compiles
what loads it.
"""

import ctypes
import platform
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

HEADER = Path(__file__).parent.parent / "src" / "mixtura" / "native" / "mixtura.h"
SYSROOT = Path("/usr/aarch64-linux-gnu")
LOADER = """
#include <dlfcn.h>
#include <stdio.h>
int main(int n, char **names) {
    void *library = n == 2 ? dlopen(names[1], RTLD_NOW) : 0;
    int (*version)(void) = library ? (int (*)(void))dlsym(library, "mx_version") : 0;
    if (!version) {
        fprintf(stderr, "%s", dlerror());
        return 1;
    }
    printf("%d", version());
    return 0;
}
"""
ON_WINDOWS = """
#include <stdio.h>
#include <windows.h>
int main(int n, char **names) {
    HMODULE library = n == 2 ? LoadLibraryA(names[1]) : 0;
    int (*version)(void) = library ? (int (*)(void))GetProcAddress(library, "mx_version") : 0;
    if (!version) {
        fprintf(stderr, "error %lu", GetLastError());
        return 1;
    }
    printf("%d", version());
    return 0;
}
"""
# Numbers of processors in the headers of libraries.
ELF = {62: "x86_64", 183: "aarch64"}
MACH = {0x01000007: "x86_64", 0x0100000C: "arm64"}
PORTABLE = {0x8664: "amd64", 0xAA64: "arm64"}


def made_for(library: bytes) -> str:
    """Return the system and processor of a library, as the tags of wheels end."""
    if library[:4] == b"\x7fELF":
        return f"linux {ELF[struct.unpack_from('<H', library, 18)[0]]}"
    if library[:4] == struct.pack("<I", 0xFEEDFACF):
        return f"macosx {MACH[struct.unpack_from('<I', library, 4)[0]]}"
    (place,) = struct.unpack_from("<I", library, 0x3C)
    assert library[place : place + 4] == b"PE\0\0", "no library of a known system"
    return f"win {PORTABLE[struct.unpack_from('<H', library, place + 4)[0]]}"


def promised(tag: str) -> str:
    """Return the same of the tag of a wheel."""
    system = re.sub("^(many|musl)", "", tag.split("_")[0])
    return f"{system} {next(end for end in ('x86_64', 'aarch64', 'amd64', 'arm64') if end in tag)}"


def loaded(tag: str, library: Path, version: int) -> str:
    """Return how a library was loaded, or why it was not."""
    glibc = tag.startswith("manylinux") and platform.libc_ver()[0] == "glibc"
    if glibc and tag.endswith(platform.machine()):
        assert ctypes.CDLL(str(library)).mx_version() == version
        return "loaded"
    qemu, wine = shutil.which("qemu-aarch64"), shutil.which("wine")
    if tag.startswith("manylinux") and tag.endswith("aarch64") and qemu and SYSROOT.exists():
        loader = compiled(LOADER, library, "aarch64-linux-gnu.2.17", "-ldl")
        assert int(said_by(qemu, "-L", str(SYSROOT), str(loader), str(library))) == version
        return "loaded under emulation"
    if tag == "win_amd64" and wine:
        loader = compiled(ON_WINDOWS, library, "x86_64-windows-gnu")
        assert int(said_by(wine, str(loader), str(library))) == version
        return "loaded by Wine"
    return "not loaded: it is for another system"


def compiled(source: str, library: Path, target: str, *flags: str) -> Path:
    """Return the program that loads a library, compiled for its system."""
    file, loader = library.with_suffix(".loader.c"), library.with_suffix(".loader.exe")
    file.write_text(source, "utf-8")
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", target]
    subprocess.run([*zig, str(file), "-o", str(loader), *flags], check=True)
    return loader


def said_by(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def look_into(wheel: Path, version: int) -> None:
    """Print what is in a wheel; raise AssertionError where it is not what its name says."""
    tag = wheel.stem.split("-")[-1]
    with zipfile.ZipFile(wheel) as archive, TemporaryDirectory() as scratch:
        names = [name for name in archive.namelist() if "/kernels_" in name]
        assert names, f"{wheel.name} has no kernels"
        said = []
        for name in names:
            content = archive.read(name)
            assert made_for(content) == promised(tag), f"{name} of {wheel.name}"
            assert name.endswith(".dll" if tag.startswith("win") else ".so")
            if "kernels_v4" not in name:
                said.append(loaded(tag, Path(archive.extract(name, scratch)), version))
    print(f"{tag}: {len(names)} libraries, {wheel.stat().st_size / 1e6:.1f} MB; {said[0]}")
    if "linux" in tag and shutil.which("auditwheel"):
        shown = subprocess.run(
            ["auditwheel", "show", str(wheel)], capture_output=True, text=True, check=False
        )
        text = " ".join((shown.stdout + shown.stderr).split())
        told = re.search(r'platform tag: "(\w+)"', text)
        print(f"    auditwheel: {told[1] if told else text[-160:]}")


def main() -> None:
    found = re.search(r"MX_VERSION (\d+)", HEADER.read_text("utf-8"))
    assert found
    assert sys.argv[1:], __doc__
    for wheel in map(Path, sys.argv[1:]):
        look_into(wheel, int(found[1]))


if __name__ == "__main__":
    main()
