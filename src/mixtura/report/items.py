"""What a page shows of items with levels: categories, and yes-or-no columns."""

from mixtura.goodness import level_counts
from mixtura.report.certainty import certainty, note_sentences, shares_note, shares_of_modes
from mixtura.report.contents import Report
from mixtura.report.heat import heat_figure
from mixtura.report.levels import MOST_OF_ITEM, LevelRows, level_rows
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.profile import profile_figure, unnamed_note
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles
from mixtura.summary import table_words
from mixtura.text import count_words

__all__ = ["ITEMS"]

# Longer tables are folded.
OPEN_ROWS = 12

# Levels printed at the most; a model file has them all.
MOST_PRINTED = 400

# X² / df above which two items go together beyond chance, with one degree of freedom.
NOTABLE = 3.84


def _rows(report: Report) -> LevelRows:
    return level_rows(report.result.mixture, report.columns)


def _selection_note(report: Report) -> str:
    rows = _rows(report)
    text = ""
    if rows.shown < rows.n_items:
        text += (
            f" Of {rows.n_items} items the {rows.shown} are shown that tell the components apart "
            "best."
        )
    if rows.cut:
        text += f" Of an item with many levels, the {MOST_OF_ITEM} that tell most are shown."
    return text


def _level_note(report: Report) -> str:
    counts = level_counts(report.result.mixture.kinds)
    return " Of two levels the second is shown; the first has the rest." if 2 in counts else ""


def _heat_caption(report: Report) -> str:
    return (
        "How likely each answer is in each component, in percent; the darker, the likelier. Read a "
        "column to know a component, a row to know what an item tells. The column “all” is the "
        "whole mixture; under a component's number stands its weight."
        + _level_note(report)
        + _selection_note(report)
    )


def _profile_caption(report: Report) -> str:
    return (
        "The same probabilities as lines. Where the lines of two components part, the item tells "
        "them apart; where all run together, it tells nothing. Upright marks are the whole mixture."
        + unnamed_note(report.result.mixture)
        + _selection_note(report)
    )


HEAT = Drawing(
    "items",
    "What the components answer",
    lambda report, canvas: heat_figure(report.result.mixture, _rows(report), canvas),
    _heat_caption,
    of_rows=False,
)

PROFILE = Drawing(
    "profile",
    "Profiles of the components",
    lambda report, canvas: profile_figure(report.result.mixture, _rows(report), canvas),
    _profile_caption,
    of_rows=False,
)


def _probabilities(report: Report) -> list[Table]:
    """Return all probabilities as a table with a row for each level."""
    mixture = report.result.mixture
    values = mixture.family.level_probabilities(mixture.parameters)  # pyright: ignore[reportAttributeAccessIssue]
    overall = mixture.weights @ values
    names = [
        f"{column} = {label}"
        for column, kind in zip(report.columns, mixture.kinds, strict=True)
        for label in (kind.labels or ("0", "1"))
    ]
    header = ("", "all", *component_titles(report))
    rows = tuple(
        (name, f"{overall[place]:.4f}", *(f"{value:.4f}" for value in values[:, place]))
        for place, name in enumerate(names[:MOST_PRINTED])
    )
    caption = "Probabilities of levels"
    if len(names) > MOST_PRINTED:
        caption += f", the first {MOST_PRINTED} of {len(names):,}"
    return [Table(header, rows, caption, folded=len(rows) > OPEN_ROWS)]


def _numbers(report: Report) -> list[tuple[str, str, str]]:
    facts = report.facts
    found = certainty(report)
    if "table" in facts:
        table = facts["table"]
        df = f"{table['residual_df']} residual df"
        found += [
            ("G²", f"{table['g2']:.3f}", df),
            ("X²", f"{table['x2']:.3f}", df),
            (
                "patterns",
                f"{facts['n_patterns']}",
                f"seen, of {count_words(facts['n_cells'])} possible",
            ),
        ]
    return found


def _sections(report: Report) -> list[Section]:
    facts = report.facts
    remarks = []
    if "table" in facts:
        remarks = [f"{line[0].upper()}{line[1:]}." for line in table_words(facts).split("\n")]
    pairs = facts.get("pair_residuals", [])
    tables = []
    if pairs:
        remarks.append(
            "Bivariate residuals: Pearson's X² of the table of two items, divided by its degrees "
            "of freedom. Well above 1 (with one degree of freedom, above 3.84), the two items go "
            "together beyond what the components explain; another component, or leaving one of "
            "them out, may mend it."
        )
        rows = tuple((f"{first} and {second}", f"{value:.3f}") for first, second, value in pairs)
        tables.append(Table(("items", "X² / df"), rows, "Largest bivariate residuals"))
    return [Section("fit", "Fit of the items", remarks, tables)]


def _cautions(report: Report) -> list[str]:
    found = note_sentences(report)
    pairs = report.facts.get("pair_residuals", [])
    if pairs and pairs[0][2] > NOTABLE:
        first, second, value = pairs[0]
        found.append(
            f"Items {first} and {second} go together beyond what the components explain (bivariate "
            f"residual {value:.2f}); see the end of the page."
        )
    return found


ITEMS = FamilyPage(
    figures=lambda _: (HEAT, PROFILE),
    component_columns=shares_of_modes,
    component_note=shares_note,
    centres=_probabilities,
    sections=_sections,
    numbers=_numbers,
    cautions=_cautions,
)
