"""What Python is told of the kernels is what their headers declare."""

import ctypes
from importlib import import_module
from pkgutil import resolve_name

import pytest
from headers import declared_structs, enumerations, functions, numbers, structs_taken

from mixtura.components import joint
from mixtura.components.gaussian import structures
from mixtura.components.kernel import Ended
from mixtura.components.regression.kernel import CODES
from mixtura.components.segments import SegmentKind
from mixtura.native import drivers, library, parts, updates

if not (library.FOLDER / "mixtura.h").exists():
    pytest.skip("these tests read the C sources", allow_module_level=True)

PACKAGE = library.FOLDER.parent


def modules_of(*rooms):
    """Return every module of some rooms."""
    files = (file for room in rooms for file in sorted((PACKAGE / room).rglob("*.py")))
    places = (file.relative_to(PACKAGE.parent).with_suffix("").parts for file in files)
    return [import_module(".".join(place).removesuffix(".__init__")) for place in places]


STRUCTURES = sorted(
    {
        value
        for module in modules_of("native")
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ctypes.Structure)
    },
    key=lambda structure: structure.__name__,
)

# What stands in C and in Python by other names.
FIELDS = {("mx_rule", "most_sweeps"): "sweeps", ("mx_rows", "phi"): "features"}
PLACES = {
    "MX_VERSION": ["native.library:VERSION"],
    "MX_RUNS_FAR": ["components.compiled:RUNS"],
    "MX_TRIES_FAR": ["components.compiled:TRIES"],
    "NEIGHBOURS": ["em.neighbours:TRIED"],
    "MX_STRIP": ["native.regressions:ROWS_AT_ONCE"],
    "RELATIVE": ["em.split_and_merge:ROUGH.relative"],
    "ROUGH": ["em.split_and_merge:ROUGH.nats"],
}
# Numbers that stand in C and in Python by the same name, and where in Python.
SAME = {
    "components.weighing": "SMALLEST_SHARE",
    "em.ranking": "ALONE MX_AS_GOOD",
    "em.split_and_merge": "ALIKE FIRST_SWEEPS HOPEFUL LONGEST MORE_SWEEPS MX_BETTER MX_MOVES REACH "
    "ROUNDS SEPARATE SPENT",
    "em.responsibilities": "SOFTENING",
    "components.kernel": "HOPE LATELY STEPS",
    "components.exponential": "MX_LEAST_SHARE",
    "components.regression.lines": "ROUNDED",
    "components.regression.responses": "CLOSE FARTHEST",
    "components.gaussian.coordinates": "MX_LEAST_SHARE",
    "components.gaussian.flatness": "MOSTLY",
    "components.gaussian.frame": "LARGEST_PLAIN_EXPONENT",
    "components.gaussian.incomplete": "MOST_GAPPY_LOSS",
    "components.saddle_point": "SERIES_FROM",
    "components.simplex": "SMALLEST",
    "components.gamma": "EMPTY",
    "components.gamma_shapes": "MX_LARGEST_SHAPE",
    "components.gaussian.whitened": "FURTHEST",
    "components.gaussian.structures.factors": "MX_ROUNDING",
    "components.gaussian.structures.floor": "TOUCHING",
    "components.gaussian.structures.singular": "FLAT",
    "native.clouds": "MX_PADDED",
    "native.drivers": "MX_RECENT",
    "native.parts": "LINE",
    "native.updates": "MX_MOST_COLUMNS MX_MOST_COMPONENTS",
}
# Names that mean something else there, or searches that are led in another way.
UNLIKE = {
    *("FEWEST", "LEAST_ROWS", "MOST_STEPS", "MOST_SUMS", "ROUNDING", "TERMS"),
}

for place, names in SAME.items():
    for name in names.split():
        PLACES.setdefault(name, []).append(f"{place}:{name.removeprefix('MX_')}")


def field_of(structure, name, kind):
    """Return a field as the header would declare it."""
    is_own = isinstance(kind, type) and issubclass(kind, ctypes.Structure)
    return name, named(kind) if is_own else kind


def named(structure):
    """Return the name in C that a structure's docstring gives."""
    return structure.__doc__.strip("`.")


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.__name__)
def test_a_structure_has_the_fields_of_the_header(structure):
    name = named(structure)
    declared = [(FIELDS.get((name, one), one), kind) for one, kind in declared_structs()[name]]
    assert [field_of(structure, *field) for field in structure._fields_] == declared


def test_every_struct_that_a_kernel_takes_has_a_structure():
    assert structs_taken() == {named(structure) for structure in STRUCTURES}


@pytest.mark.parametrize("name", library.SIGNATURES)
def test_a_signature_is_that_of_the_header(name):
    result, arguments = functions()[name]
    assert library.SIGNATURES[name] == (result, tuple(kind for _, kind in arguments))


def test_what_is_exported_is_called():
    # Responsibilities that are given are added up by the start of a run only.
    assert set(functions()) - set(library.SIGNATURES) <= {"mx_totals"}


@pytest.mark.parametrize("name", PLACES)
def test_a_number_is_the_same_in_both_languages(name):
    assert numbers()[name] == {resolve_name(f"mixtura.{place}") for place in PLACES[name]}


def test_no_other_number_has_a_name_in_both_languages():
    in_python = {
        name
        for module in modules_of("em", "components", "native")
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float)
    }
    in_both = {name for name in numbers() if name.removeprefix("MX_") in in_python}
    assert in_both - set(PLACES) == UNLIKE


def test_responses_have_the_numbers_of_the_header():
    places = {f"MX_{name.upper()}": code for name, code in CODES.items()}
    assert enumerations()["mx_response"] == places


def test_structures_have_the_numbers_of_the_header():
    places = {f"MX_{code}": place for place, code in enumerate(updates.CODES)}
    assert enumerations()["mx_structure"] == places
    assert structures.CODES == updates.CODES


def test_endings_have_the_numbers_of_the_header():
    declared = enumerations()["mx_ending"]
    # What is left to the general code, or raised, is no ending that a run is told of.
    for untold in ("MX_ENDED_HARD", "MX_ENDED_BROKEN"):
        assert declared.pop(untold) not in {int(ended) for ended in Ended}
    assert declared == {f"MX_ENDED_{ended.name}": ended for ended in Ended}


def test_questions_and_their_answers_have_the_numbers_of_the_header():
    questions = {f"MX_{question.name}": question for question in drivers.Question}
    assert enumerations()["mx_question"] == questions
    assert enumerations()["mx_status"] == {f"MX_{status.name}": status for status in drivers.Status}


def test_segments_have_the_numbers_of_the_header():
    kinds = {f"MX_{kind.name}": kind for kind in SegmentKind}
    assert enumerations()["mx_segment_kind"] == kinds
    assert enumerations()["mx_structure"]["MX_VVI"] == joint.NO_COLUMNS


def test_cells_have_the_numbers_of_the_header():
    kinds = {f"MX_{kind.name.upper()}": place for kind, place in parts.CELLS.items()}
    assert enumerations()["mx_cell"] == kinds


def test_an_update_is_done_where_the_header_says_so():
    assert enumerations()["mx_status"]["MX_DONE"] == updates.DONE
