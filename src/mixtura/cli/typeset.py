"""Tables as a paper takes them: Markdown, which word processors read too, and LaTeX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Part", "Rows", "as_latex", "as_markdown"]

Rows = Sequence[Mapping[str, Any]]

# What LaTeX takes for its own.
SPECIAL = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, tables below it, and a sentence."""

    heading: str
    tables: tuple[Rows, ...]
    said: str = ""


def as_markdown(parts: Sequence[Part]) -> str:
    """Return parts in Markdown."""
    told: list[str] = []
    for part in parts:
        told += [f"# {part.heading}", *map(_markdown, part.tables), part.said]
    return "\n\n".join(filter(None, told)) + "\n"


def as_latex(parts: Sequence[Part]) -> str:
    """Return parts in LaTeX, tables by the rules of booktabs."""
    told = ["% needs \\usepackage{booktabs}"]
    for part in parts:
        heading = f"\\subsection*{{{_escaped(part.heading)}}}"
        told += [heading, *map(_latex, part.tables), _escaped(part.said)]
    return "\n\n".join(filter(None, told)) + "\n"


def _markdown(rows: Rows) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in cells]
    lines = [names, ["---"] * len(names), *escaped]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _latex(rows: Rows) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    numbers = [all(_is_number(row[name]) for row in rows) for name in names]
    heads = " & ".join(_escaped(name.replace("_", " ")) for name in names)
    lines = [" & ".join(_escaped(_cell(row[name])) for name in names) for row in rows]
    return "\n".join(
        [
            f"\\begin{{tabular}}{{{''.join('r' if number else 'l' for number in numbers)}}}",
            "\\toprule",
            f"{heads} \\\\",
            "\\midrule",
            *(f"{line} \\\\" for line in lines),
            "\\bottomrule",
            "\\end{tabular}",
        ]
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(mark, mark) for mark in text)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) >= 100.0 else f"{value:.4g}"
    return " ".join(str(value).split())
