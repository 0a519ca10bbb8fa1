"""A mixture and its fit in words and tables, for a terminal."""

from collections.abc import Mapping
from typing import Any

from mixtura.mixture import Mixture
from mixtura.text import text_table

__all__ = ["summary_of"]


def summary_of(mixture: Mixture, facts: Mapping[str, Any] | None = None) -> str:
    """Return the title, the criteria, and the components with their means.

    Parameters
    ----------
    mixture : the fitted value
    facts : as `FitResult.facts` gives them
    """
    columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
    parts = [mixture.family.title(mixture.n_components)]
    if facts:
        parts.append(_criteria(facts))
    parts.append(_components(mixture, facts or {}))
    parts += mixture.family.tables(mixture.parameters, columns)
    if facts:
        parts.append(_ending(facts))
    return "\n\n".join(parts)


def _criteria(facts: Mapping[str, Any]) -> str:
    weighted = facts["total_weight"] != facts["n_rows"]
    header = ["log-likelihood", "n", "df", "BIC", "ICL"]
    row = [
        f"{facts['log_likelihood']:.4f}",
        f"{facts['total_weight']:g}" if weighted else f"{facts['n_rows']}",
        f"{facts['n_parameters']}",
        f"{facts['bic']:.3f}",
        f"{facts['icl']:.3f}",
    ]
    note = "BIC and ICL: lower is better; -2 log-likelihood + df log n, priors left out."
    if weighted:
        note += f" n is the total weight of {facts['n_rows']} rows."
    return text_table(header, [row]) + "\n" + note


def _components(mixture: Mixture, facts: Mapping[str, Any]) -> str:
    header = ["component", "weight"]
    rows = [
        ["noise" if label < 0 else str(label), f"{weight:.4f}"]
        for label, weight in zip(mixture.labels, mixture.weights, strict=True)
    ]
    if "effective_rows" in facts:
        header.append("effective rows")
        for row, effective in zip(rows, facts["effective_rows"], strict=True):
            row.append(f"{effective:.1f}")
    if "sizes" in facts:
        header.append("size")
        for row, size in zip(rows, facts["sizes"], strict=True):
            row.append(f"{size:g}")
    return text_table(header, rows)


def _ending(facts: Mapping[str, Any]) -> str:
    agreeing = f"{facts['starts_agreeing']} of {facts['n_starts']} starts reached this optimum"
    lines = [
        f"{facts['ending']} ({facts['n_iter']} sweeps)",
        f"{agreeing}; {facts['seconds']:.3g} seconds",
    ]
    if facts.get("recovery"):
        lines.append(facts["recovery"])
    lines += facts.get("notes", [])
    return "\n".join(lines)
