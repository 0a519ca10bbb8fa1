"""A mixture and its fit in words and tables, for a terminal."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import chdtrc

from mixtura.components.weighing import Weighing
from mixtura.em.certificate import certificate_words
from mixtura.mixture import Mixture
from mixtura.mixture.document import bound_numbers
from mixtura.text import Passage, Summary, Table, count_words, row_words

__all__ = ["MEASURED", "WITHIN", "summary_of", "table_words", "title_of"]

STRANGE = (
    "What the file says of the fit is not as expected, and is left out; fit and save it again."
)

SHOWN_PAIRS = 5

# Facts of the rows of a fit whose components are of what underlies them: that they had errors of
# their own, and that cells were known as intervals.
MEASURED, WITHIN = "measured_with_errors", "known_as_intervals"
UNDERLYING = {
    MEASURED: " of what underlies rows measured with errors",
    WITHIN: " of values known as intervals",
}


def summary_of(
    mixture: Mixture, facts: Mapping[str, Any] | None = None, *, of_a_file: bool = False
) -> Summary:
    """Return the title, the criteria, and the components with their means.

    Parameters
    ----------
    mixture : the fitted value
    facts : as `FitResult.facts` gives them
    of_a_file : a file tells the facts; where they are others, they are left out and that is said
    """
    if not of_a_file:
        return Summary(_told(mixture, facts), mixture.table())
    try:
        return Summary(_told(mixture, facts), mixture.table())
    except (LookupError, TypeError, ValueError, AttributeError):
        return Summary([*_told(mixture, None), Passage(said=STRANGE)], mixture.table())


def _told(mixture: Mixture, facts: Mapping[str, Any] | None) -> list[Passage]:
    columns = mixture.column_names
    heading, *rest = title_of(mixture).split("\n")
    heading += "".join(words for fact, words in UNDERLYING.items() if facts and facts.get(fact))
    parts = [Passage(heading, said="\n".join(rest))]
    if facts:
        parts.append(_criteria(facts))
    parts.append(_components(mixture, facts or {}))
    if facts and facts.get("relative_entropy") is not None:
        parts.append(Passage(said=_certainty(facts)))
    if facts and "table" in facts:
        parts.append(Passage(said=table_words(facts)))
    if facts and facts.get("pair_residuals"):
        parts.append(_pairs(facts))
    parts += mixture.family.tables(mixture.parameters, columns, mixture.names)
    if facts:
        parts.append(Passage(said=_ending(facts)))
    return parts


def title_of(mixture: Mixture) -> str:
    """Return what a mixture is, a line each for family, components and what is held of them."""
    title = mixture.family.title(mixture.n_components)
    if mixture.constraints is not None:
        title += f"\n{_bound_words(mixture)}"
    weights = mixture.weights[mixture.labels >= 0]
    if not mixture.held or len(weights) == 1:
        return title
    how = "at given numbers" if Weighing.holding(weights).tells_apart else "equal"
    noise = ", that of the noise free" if mixture.family.has_noise else ""
    return f"{title}\nmixing weights held {how}{noise}"


def _bound_words(mixture: Mixture) -> str:
    """Return how many numbers are held and equal, such as "rates: 3 of 6 held"."""
    found = []
    for name, own in bound_numbers(mixture).items():
        held, ties = int(own.fixed.sum()), own.ties[own.ties > 0]
        said = [f"{held} of {own.values.size} held"] if held else []
        if len(ties):
            said.append(f"{len(ties)} equal by {len(np.unique(ties))} value(s)")
        if own.ordinal:
            said.append(f"those of {len(own.ordinal)} item(s) ordinal")
        found.append(f"{name}: {', '.join(said)}")
    return "; ".join(found)


def _criteria(facts: Mapping[str, Any]) -> Passage:
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
    return Passage("", (Table.of(header, [row]),), note)


def _components(mixture: Mixture, facts: Mapping[str, Any]) -> Passage:
    header = ["component", "weight"]
    rows = [
        [name, f"{weight:.4f}"] for name, weight in zip(mixture.names, mixture.weights, strict=True)
    ]
    if "effective_rows" in facts:
        header.append("effective rows")
        for row, effective in zip(rows, facts["effective_rows"], strict=True):
            row.append(row_words(effective))
    if "modal_shares" in facts:
        header.append("modal share")
        for row, share in zip(rows, facts["modal_shares"], strict=True):
            row.append(f"{share:.4f}")
    if "sizes" in facts:
        header.append("size")
        for row, size in zip(rows, facts["sizes"], strict=True):
            row.append(f"{size:g}")
    return Passage(tables=(Table.of(header, rows),))


def _certainty(facts: Mapping[str, Any]) -> str:
    line = f"entropy {facts['relative_entropy']:.4f} as Mplus has it, 1 - E / (n log K)"
    if facts.get("entropy_r2") is not None:
        line += f"; entropy R² {facts['entropy_r2']:.4f} as Latent GOLD has it, 1 - E / (n H(π))"
    return f"{line}\n1: every row is sure of its component, 0: none is"


def table_words(facts: Mapping[str, Any]) -> str:
    """Return how well the table of all patterns is fitted, in sentences.

    Parameters
    ----------
    facts : with the entry "table"
    """
    table, total = facts["table"], facts["total_weight"]
    df, possible = table["residual_df"], count_words(facts["n_cells"])
    lines = [
        f"G² {table['g2']:.4f}, X² {table['x2']:.4f} with {df} residual degrees of freedom; "
        f"{facts['n_patterns']} of {possible} possible patterns were seen"
    ]
    if table["sparse"]:
        lines.append(
            f"{total:g} rows are too few for {possible} patterns: G² and X² compare models, but "
            "have no chi-squared distribution here"
        )
    elif df > 0:
        lines.append(
            f"p = {chdtrc(df, table['g2']):.4g} by G², {chdtrc(df, table['x2']):.4g} by X²"
        )
    return "\n".join(lines)


def _pairs(facts: Mapping[str, Any]) -> Passage:
    title = "Bivariate residuals, X² / df: above 1 the classes leave two items dependent"
    pairs = facts["pair_residuals"][:SHOWN_PAIRS]
    rows = [[f"{first} and {second}", f"{value:.3f}"] for first, second, value in pairs]
    return Passage(title, (Table.of(["largest", ""], rows),))


def _ending(facts: Mapping[str, Any]) -> str:
    agreeing = f"{facts['starts_agreeing']} of {facts['n_starts']} starts reached this optimum"
    lines = [
        f"{facts['ending']} ({facts['n_iter']} iterations)",
        f"{agreeing}; {facts['seconds']:.3g} seconds",
    ]
    if facts.get("certificate"):
        lines.insert(1, certificate_words(facts["certificate"]))
    lines += facts.get("cautions", [])
    lines += facts.get("notes", [])
    return "\n".join(lines)
