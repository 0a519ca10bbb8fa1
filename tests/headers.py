"""What the C sources of the kernels declare: structs, functions, enumerations and numbers."""

import ctypes
import re
from functools import cache
from typing import Any

from mixtura.native import library

__all__ = ["Declared", "declared_structs", "enumerations", "functions", "numbers", "structs_taken"]

# The fields of a struct or the arguments of a function: names and types.
Declared = tuple[tuple[str, Any], ...]

TYPES = {"int": ctypes.c_int, "int64_t": ctypes.c_int64, "double": ctypes.c_double, "void": None}
STRUCT = re.compile(r"typedef struct \{([^}]*)\} (\w+);|struct (\w+) \{([^}]*)\};")
FUNCTION = re.compile(r"MX_EXPORT ([\w ]+?) (\w+)\(([^)]*)\);")
POINTED = re.compile(r"(mx_\w+) \*")
CALLED = re.compile(r"typedef \w+ (mx_\w+)\(")
ENUMERATION = re.compile(r"enum (\w+) \{([^}]*)\}")
DEFINED = re.compile(r"^#define (\w+) (.+)$", re.MULTILINE)
DECLARATOR = re.compile(r"(\**)(\w+)(?:\[(\w+)\])?")


@cache
def sources(pattern: str) -> str:
    """Return the text of all files of a pattern, such as ``*.h``, without their comments."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(library.FOLDER.glob(pattern))]
    return re.sub(r"/\*.*?\*/", "", "\n".join(texts), flags=re.DOTALL)


def declared_structs() -> dict[str, Declared]:
    """Return the fields of every struct of the headers, by its name."""
    return {
        one or two: tuple(field for part in (first or second).split(";") for field in fields(part))
        for first, one, two, second in STRUCT.findall(sources("*.h"))
    }


def functions() -> dict[str, tuple[Any, Declared]]:
    """Return what every exported function of the headers returns, and takes."""
    return {
        name: (TYPES[result], tuple(one for each in arguments.split(",") for one in fields(each)))
        for result, name, arguments in FUNCTION.findall(sources("*.h"))
    }


def structs_taken() -> set[str]:
    """Return the structs that exported functions are given, and those that these point to."""
    arguments = [each for _, _, each in FUNCTION.findall(sources("*.h"))]
    bodies = {one: body for body, one, *_ in STRUCT.findall(sources("*.h")) if one}
    # What is called is no struct.
    taken = set(CALLED.findall(sources("*.h")))
    found = {name for each in arguments for name in POINTED.findall(each)} - taken
    while found:
        taken |= found
        found = {one for name in found for one in POINTED.findall(bodies[name])} - taken
    return taken - set(CALLED.findall(sources("*.h")))


def fields(declaration: str) -> list[tuple[str, Any]]:
    """Return names and types of a declaration such as ``const double *a, b[2]``.

    A type is one of ctypes, or the name of a struct.
    """
    words = declaration.replace("*", " *").replace("const ", "").replace("struct ", "")
    kind, _, declarators = " ".join(words.split()).partition(" ")
    found = []
    for pointer, name, length in DECLARATOR.findall(declarators):
        of = ctypes.c_void_p if pointer else TYPES.get(kind, kind)
        found.append((name, of * size(length) if length else of))
    return found


def size(length: str) -> int:
    """Return the length of an array, a number or the name of one."""
    return int(length) if length.isdigit() else int(*numbers()[length])


def enumerations() -> dict[str, dict[str, int]]:
    """Return the names of every enumeration of the headers, and their numbers."""
    found = {}
    for name, body in ENUMERATION.findall(sources("*.h")):
        members: dict[str, int] = {}
        for member in body.replace(" ", "").replace("\n", "").strip(",").split(","):
            label, _, value = member.partition("=")
            members[label] = int(value) if value else max(members.values(), default=-1) + 1
        found[name] = members
    return found


def numbers() -> dict[str, set[float]]:
    """Return the values that C gives each name of a number, in all of its files."""
    found: dict[str, set[float]] = {}
    for name, written in DEFINED.findall(sources("*.[ch]")):
        text = written.strip().strip("()").replace("DBL_EPSILON", str(2.0**-52))
        value = 1.0
        try:
            for factor in text.split(" * "):
                value *= float(factor)
        except ValueError:
            continue
        found.setdefault(name, set()).add(value)
    return found
