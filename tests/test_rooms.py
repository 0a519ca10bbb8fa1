"""Imports run downwards only, by the table of rooms in docs/DESIGN.md, and never in circles."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from mixtura.cli.command import COMMANDS

Graph = dict[str, set[str]]

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


# Files that a reader would rather see parted: none may come, and who parts one takes it away.
MOST_LINES = 350
LONG = {
    *("components/exponential.py", "components/gaussian/family.py"),
    *("components/product.py", "em/solve.py", "estimators/base.py", "estimators/gaussian.py"),
    "native/sweep.c",
}
# The same of files that lean on many others of their own room, and of those that many lean on.
MOST_NEIGHBOURS = 12
LEANING = {
    *("mixtura.components.gaussian.family", "mixtura.em.solve"),
    # What has a line for each family.
    *("mixtura.components.catalogue", "mixtura.components.laws"),
}
MOST_LEANING = 15
LEANT_ON = {
    *("mixtura.components.gaussian.parameters", "mixtura.em.model"),
    "mixtura.em.sweep",
    # Log masses and densities with all their digits.
    "mixtura.components.saddle_point",
    # What every family of columns that are independent is, and what most parameters are made of.
    *("mixtura.components.columnwise", "mixtura.components.stacked", "mixtura.components.simplex"),
    # What every command says, and what of its options go together.
    *("mixtura.cli.voice", "mixtura.cli.contradictions", "mixtura.cli.advice"),
}
# What is run or looked up by users, and imported by no other file.
DOORS = {"mixtura.__main__"}
# What `mixtura.cli.loading` loads by name.
DOORS |= {f"mixtura.cli.{name}" for name in ("command", *COMMANDS)}

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


@cache
def imports_in(text: str) -> list[ast.Import | ast.ImportFrom]:
    nodes = ast.walk(ast.parse(text))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a file imports, wherever in it the imports stand."""
    names: set[str] = set()
    for node in imports_in(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        else:
            package = package_of(path)
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *filter(None, [node.module])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms that a file imports from."""
    parts = [[*name.split("."), "__init__"] for name in imported_names(path)]
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


@cache
def python_files() -> dict[str, Path]:
    """Return the files of the package, by the names that they are imported by."""
    places = {path: [*package_of(path), path.stem] for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(place).removesuffix(".__init__"): path for path, place in places.items()}


@cache
def imports() -> Graph:
    """Return the files that each file of Python imports from, by the names of modules."""
    modules = python_files()
    return {
        module: {
            # What is no module is imported from one.
            name if name in modules else name.rpartition(".")[0]
            for name in imported_names(path)
            if name.startswith("mixtura")
        }
        - {module}
        for module, path in modules.items()
    }


def c_files(pattern: str) -> dict[str, str]:
    """Return the text of the C files of a pattern, without comments."""
    texts = {path.name: path.read_text("utf-8") for path in (PACKAGE / "native").glob(pattern)}
    return {name: re.sub(r"/\*.*?\*/", "", texts[name], flags=re.DOTALL) for name in sorted(texts)}


def includes() -> Graph:
    """Return the files that each C file includes."""
    return {
        name: set(re.findall(r'^#include "(.+)"', text, re.MULTILINE))
        for name, text in c_files("*.[ch]").items()
    }


def calls() -> Graph:
    """Return the C files whose functions each calls, or has the address of."""
    texts = c_files("*.c")
    defined = {
        function: name
        for name, text in texts.items()
        for function in re.findall(
            r"^(?!static)\w[^;{}#]*?\b(mx_\w+)\([^;{}]*\) \{", text, re.MULTILINE
        )
    }
    used = {name: set(re.findall(r"\bmx_\w+", text)) for name, text in texts.items()}
    return {
        name: {defined[function] for function in used[name] & set(defined)} - {name}
        for name in texts
    }


def in_circles(graph: Graph) -> list[str]:
    """Return what leads back to itself."""
    return [start for start in graph if start in reached(graph, graph[start])]


def reached(graph: Graph, ends: set[str]) -> set[str]:
    """Return some ends of a graph and all that they lead to."""
    found: set[str] = set()
    while ends:
        found |= ends
        ends = {after for end in ends for after in graph.get(end, ())} - found
    return found


def test_the_table_names_every_floor() -> None:
    assert sorted(set(FLOORS.values())) == list(range(10))


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


def test_rooms_above_are_loaded_by_name_through_one_door_alone() -> None:
    """Else a text could import upwards where no import is seen."""
    loads = re.compile(r"import_module\(f?\"mixtura\.")
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    found = {name for name in files if loads.search((PACKAGE / name).read_text("utf-8"))}
    assert found == {"__init__.py", "doors.py", "report/__init__.py", "cli/loading.py"}


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


@pytest.mark.parametrize("graph", [imports, includes, calls])
def test_no_file_is_part_of_a_circle(graph: Callable[[], Graph]) -> None:
    assert in_circles(graph()) == []


def test_a_circle_is_found_however_long_it_is() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"d"}, "e": {"a"}, "f": {"g"}}
    assert in_circles(graph) == ["a", "b", "c", "d"]


def test_the_graphs_are_those_of_the_sources() -> None:
    assert (
        "mixtura.components.gaussian.patterns"
        in imports()["mixtura.components.gaussian.incomplete_sweep"]
    )
    assert includes()["structures.c"] >= {"mixtura.h", "diagonal.h"}
    assert calls()["structures.c"] >= {"diagonal.c", "volumes.c"}
    assert calls()["small_matrices.c"] == set()


def test_a_c_file_includes_headers_only() -> None:
    assert {name for names in includes().values() for name in names if name.endswith(".c")} == set()


def test_every_file_is_imported_by_another() -> None:
    graph = imports()
    assert set(graph) - set.union(*graph.values()) == DOORS
    headers = set(c_files("*.h"))
    assert headers == {name for names in includes().values() for name in names}


def within_rooms() -> Graph:
    """Return what files import of their own room, packages aside, which only hand things on."""
    modules = {name: path for name, path in python_files().items() if path.stem != "__init__"}
    return {
        name: {other for other in imports()[name] & set(modules) if same_room(name, other)}
        for name in modules
    }


def same_room(module: str, other: str) -> bool:
    return module.split(".")[1] == other.split(".")[1]


@pytest.mark.parametrize(
    ("graph", "leaning", "leant_on"), [(within_rooms, LEANING, LEANT_ON), (includes, set(), set())]
)
def test_a_file_leans_on_few_others_of_its_room_and_few_on_it(
    graph: Callable[[], Graph], leaning: set[str], leant_on: set[str]
) -> None:
    found = graph()
    fan_in = Counter(other for others in found.values() for other in others)
    assert {name for name, others in found.items() if len(others) > MOST_NEIGHBOURS} == leaning
    assert {name for name, count in fan_in.items() if count > MOST_LEANING} == leant_on


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    sizes = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines())
        for pattern in ("*.py", "*.c", "*.h")
        for path in PACKAGE.rglob(pattern)
    }
    assert {name for name, size in sizes.items() if size > MOST_LINES} == LONG
