"""Parts as a page, a notebook and a paper take them: HTML, Markdown and LaTeX."""

from collections.abc import Sequence
from html import escape

from mixtura.text.tables import Passage, Table

__all__ = ["as_html", "as_latex", "as_markdown"]

# What LaTeX takes for its own, and letters that its common engine lacks.
SPECIAL = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "²": r"\textsuperscript{2}",
    "ᵀ": r"\textsuperscript{T}",
    "π": r"$\pi$",
    "ν": r"$\nu$",
    "λ": r"$\lambda$",
    "Λ": r"$\Lambda$",
    "Ψ": r"$\Psi$",
    "±": r"$\pm$",
}

# No colour but the reader's own, so that it can be read on dark as on light.
STYLE = (
    ".mixtura table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4em 0}"
    ".mixtura td,.mixtura th{padding:.15em .6em;text-align:right;font-weight:normal;"
    "background:none;color:inherit;border:0;border-bottom:1px solid rgba(128,128,128,.35)}"
    ".mixtura thead th{font-weight:bold}"
    ".mixtura th:first-child{text-align:left}"
    ".mixtura p{margin:.6em 0 .2em}"
)


def as_html(passages: Sequence[Passage]) -> str:
    """Return passages as an element of HTML that needs nothing beside itself."""
    told = "".join(map(_html_passage, passages))
    return f'<div class="mixtura"><style>{STYLE}</style>{told}</div>'


def _html_passage(passage: Passage) -> str:
    told = [f"<p><strong>{escape(passage.heading)}</strong></p>"] if passage.heading else []
    told += [_html(table) for table in passage.tables if table.rows]
    told += (
        [f"<p>{'<br>'.join(map(escape, passage.said.splitlines()))}</p>"] if passage.said else []
    )
    return "".join(told)


def _html(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_markdown(passages: Sequence[Passage]) -> str:
    """Return passages in Markdown, which word processors read too."""
    told: list[str] = []
    for passage in passages:
        heading = f"# {_plain(passage.heading)}" if passage.heading else ""
        said = _plain(passage.said).replace("\n", "  \n")
        told += [heading, *map(_markdown, passage.tables), said]
    return "\n\n".join(filter(None, told)) + "\n"


def as_latex(passages: Sequence[Passage]) -> str:
    """Return passages in LaTeX, tables by the rules of booktabs."""
    told = ["% needs \\usepackage{booktabs}"]
    for passage in passages:
        heading = f"\\subsection*{{{_escaped(passage.heading)}}}" if passage.heading else ""
        told += [
            heading,
            *map(_latex, passage.tables),
            _escaped(passage.said).replace("\n", "\n\n"),
        ]
    return "\n\n".join(filter(None, told)) + "\n"


def _markdown(table: Table) -> str:
    if not table.rows:
        return ""
    lines = [table.header, ["---"] * len(table.header), *table.rows]
    escaped = [[_plain(_on_a_line(cell)).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def _latex(table: Table) -> str:
    if not table.rows:
        return ""
    heads = _latex_line([name.replace("_", " ") for name in table.header])
    lines = [_latex_line(row) for row in table.rows]
    sides = "".join("r" if table.is_number(j) else "l" for j in range(len(table.header)))
    return "\n".join(
        [
            f"\\begin{{tabular}}{{{sides}}}",
            "\\toprule",
            f"{heads} \\\\",
            "\\midrule",
            *(f"{line} \\\\" for line in lines),
            "\\bottomrule",
            "\\end{tabular}",
        ]
    )


def _latex_line(cells: Sequence[str]) -> str:
    line = " & ".join(_escaped(_on_a_line(cell)) for cell in cells)
    # What is above would take these for its own: the room below a rule, or a line not to break.
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def _plain(text: str) -> str:
    """Return text in which Markdown finds no HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _on_a_line(cell: str) -> str:
    return " ".join(cell.split())


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(mark, mark) for mark in text)
