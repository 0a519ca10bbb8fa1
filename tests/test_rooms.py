"""Imports run downwards only, by the table of rooms in docs/DESIGN.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "mixtura"

if not PACKAGE.exists():
    pytest.skip("these tests read the source tree", allow_module_level=True)


def floors() -> dict[str, int]:
    """Return the floor of each room, read from rows such as ``| 2 | `mixture.py` | ... |``."""
    found: dict[str, int] = {}
    for line in (ROOT / "docs" / "DESIGN.md").read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| (\d+) \| ([^|]+) \|", line):
            for name in re.findall(r"`(\w+)(?:/|\.py)`", row[2]):
                assert name not in found, f"room {name} is on two floors"
                found[name] = int(row[1])
    return found


FLOORS = floors()
ROOMS = sorted(
    {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    - {"__init__", "__main__"}
)


def files_of(room: str) -> Iterator[Path]:
    file = PACKAGE / f"{room}.py"
    yield from [file] if file.exists() else sorted((PACKAGE / room).rglob("*.py"))


def package_of(path: Path) -> list[str]:
    """Return the dotted name of the package that a file's relative imports start from."""
    return ["mixtura", *path.relative_to(PACKAGE).parts[:-1]]


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms that a file imports from, wherever in it the imports stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path)
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *filter(None, [node.module])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    parts = [[*name.split("."), "__init__"] for name in names]
    return {room_of(part[1]) for part in parts if part[0] == "mixtura"}


def room_of(name: str) -> str:
    """Return the room of that name, or the package itself for what it exports."""
    return name if name in FLOORS else "__init__"


def floor_of(room: str) -> int:
    """Return a room's floor; the package itself stands on the highest that it exports from."""
    if room == "__init__":
        return max(floor_of(other) for other in imported_rooms(PACKAGE / "__init__.py"))
    return FLOORS[room]


def may_import(room: str, other: str) -> bool:
    below = floor_of(other) < floor_of(room)
    return below or room == other or floor_of(room) == floor_of(other) == 0


def test_the_table_names_every_floor() -> None:
    assert sorted(set(FLOORS.values())) == list(range(8))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_a_floor(room: str) -> None:
    assert room in FLOORS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_from_the_floors_below_only(room: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in files_of(room)
        for other in sorted(imported_rooms(path))
        if not may_import(room, other)
    ]
    assert wrong == []


@pytest.mark.parametrize("room", [room for room in ROOMS if FLOORS.get(room) == 0])
def test_a_file_of_the_ground_floor_needs_errors_or_its_own_helpers_only(room: str) -> None:
    allowed = {"errors", *({"writing"} if room == "archive" else ())}
    for path in files_of(room):
        # A room of several files may import from itself.
        assert imported_rooms(path) - {room} <= allowed


def test_imports_are_found_however_they_are_written(tmp_path: Path) -> None:
    lines = [
        "import mixtura.em.fit",
        "from mixtura import store",
        "def late():",
        "    from mixtura.report.page import page",
        "import numpy",
        "from mixtura import __version__",
    ]
    path = tmp_path / "example.py"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "PACKAGE", tmp_path)
        assert imported_rooms(path) == {"em", "store", "report", "__init__"}
        path.write_text("from .cli import main\nfrom . import errors\n", encoding="utf-8")
        assert imported_rooms(path) == {"cli", "errors"}
