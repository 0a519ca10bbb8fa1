"""What a fit says of itself in plain words: how it ended, what was chosen, what to doubt."""

import numpy as np

from mixtura.em.certificate import certificate_words
from mixtura.em.solve import FitResult
from mixtura.em.stopping import Ending
from mixtura.report.contents import PLOTTED_ROWS, Report
from mixtura.selection import Candidate, Selection

__all__ = ["cautions", "certificate", "choice", "ending", "figures_note", "reproduction"]

# Differences of a criterion, and how they are spoken of (Kass and Raftery 1995).
DIFFERENCES = (
    (2.0, "too close to tell them apart"),
    (6.0, "a slight preference"),
    (10.0, "a clear preference"),
    (np.inf, "a very clear preference"),
)


# Components of this many effective rows pass without a caution, however many columns there are.
ENOUGH_ROWS = 30


def certificate(result: FitResult) -> str:
    """Return how nearly stationary the end is, and whether any iteration lowered the objective."""
    if result.ending is Ending.GIVEN:
        return "All numbers are of these rows, whatever others the model was fitted to."
    words = certificate_words(result.history.facts())
    return f"{words[0].upper()}{words[1:]}."


def ending(result: FitResult) -> str:
    """Return how the fit ended, after how many iterations, and whether other starts agree."""
    n = result.history.n_sweeps
    text = result.ending.value
    if result.ending is Ending.GIVEN:
        return f"The model is {text}."
    first = f"{text[0].upper()}{text[1:]} ({n} {'iteration' if n == 1 else 'iterations'})."
    if result.n_starts == 1:
        return f"{first} One start was finished."
    return (
        f"{first} {result.starts_agreeing} of {result.n_starts} finished starts reached this "
        "optimum."
    )


def choice(selection: Selection) -> str:
    """Return which model was preferred, to how many others, and by how much."""
    ranked, name = selection.ranked, selection.criterion.upper()
    best = ranked[0]
    tried = len(selection.candidates)
    first = f"{name} prefers {_called(best)} among {tried} models."
    if tried == 1:
        return f"One model was fitted: {_called(best)}."
    if len(ranked) == 1:
        return first + " No other could be fitted."
    second = ranked[1]
    if best.is_sound and not second.is_sound:
        return first + " No other is sound."
    difference = second.value(selection.criterion) - best.value(selection.criterion)
    words = next(words for bound, words in DIFFERENCES if difference < bound)
    return f"{first} Next comes {_called(second)}, {difference:.2f} above it: {words}."


def cautions(report: Report) -> list[str]:
    """Return what a reader should know before trusting the fit, the gravest first."""
    result, selection = report.result, report.selection
    found = []
    if result.ending.cut_short:
        found.append(f"The fit did not converge: {result.ending.value}.")
    own = result.cautions
    if selection is not None and selection.result is result:
        own = selection.best.cautions
    found += [_sentence(caution) for caution in own]
    found += map(_sentence, result.lone_cautions)
    found += _small_components(report)
    caution = result.history.outcomes.caution
    if caution is not None:
        found.append(_sentence(caution))
    if selection is not None:
        found += _of_search(selection)
    return found


def figures_note(report: Report) -> str:
    """Return a sentence if the figures show a part of the rows, otherwise nothing."""
    if report.n_rows <= PLOTTED_ROWS:
        return ""
    return (
        f"Figures show a random sample of {PLOTTED_ROWS:,} of the {report.n_rows:,} rows; "
        "all numbers come from all rows."
    )


def reproduction(report: Report, version: str) -> str:
    """Return version, seed and source: what is needed to have the page again."""
    seed = "seed not recorded" if report.seed is None else f"seed {report.seed}"
    return f"mixtura {version}; {seed}; data: {report.source}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _called(candidate: Candidate) -> str:
    result, count = candidate.result, candidate.n_components
    noise = " and noise" if result is not None and result.mixture.family.has_noise else ""
    return f"{candidate.kind} with {count} component{'' if count == 1 else 's'}{noise}"


def _small_components(report: Report) -> list[str]:
    """Return a sentence for each component that rests on too few rows to be trusted."""
    result = report.result
    least = max(5, min(2 * (result.mixture.n_columns + 1), ENOUGH_ROWS))
    found = []
    lone, labels = result.lone, result.mixture.labels
    for place, (k, effective, size) in enumerate(
        zip(labels, result.effective_rows, report.sizes, strict=True)
    ):
        if k < 0 and size == 0:
            found.append(
                "No row is more probably noise than anything else; a model without noise may do."
            )
        elif size == 0:
            found.append(f"Component {k} is the most probable one of no row.")
        elif k >= 0 and effective < least and place not in lone:
            found.append(
                f"Component {k} rests on {effective:.1f} effective rows, fewer than {least}; its "
                "estimates are uncertain, and it may be no more than a few outlying rows."
            )
    return found


def _of_search(selection: Selection) -> list[str]:
    found = []
    if selection.interrupted:
        found.append("The search was interrupted; models that were not reached are not ranked.")
    largest = max(candidate.n_components for candidate in selection.candidates)
    sizes = {candidate.n_components for candidate in selection.candidates}
    if len(sizes) > 1 and selection.best.n_components == largest:
        found.append(
            f"The best model has {largest} components, the most that were tried; try more."
        )
    found += [_sentence(remark) for remark in selection.remarks]
    return found
