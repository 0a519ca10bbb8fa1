"""Factor analysers in words and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.structures import FactorStructure
from mixtura.components.wording import Wording
from mixtura.components.words import component_count
from mixtura.text import Passage, Table, component_title

__all__ = ["WORDING", "described", "mixture_title", "tables_of"]

WORDING = Wording(
    ("its loadings and noise",),
    ("fewer factors", "a structure that shares more between them"),
    ("the least noise that prior='weak' allows",),
    several="each of",
)

# A summary shows the loadings of this many columns and components; a model file has them all.
SHOWN_COLUMNS, SHOWN_COMPONENTS = 40, 9


def mixture_title(form: FactorStructure, n_components: int) -> str:
    """Return "Mixture of factor analysers, 2 factors, 3 components", and what they share."""
    factors = "1 factor" if form.n_factors == 1 else f"{form.n_factors} factors"
    return (
        f"Mixture of factor analysers, {factors}, {component_count(n_components)}\n"
        f"{form.code}: {form.words}"
    )


def tables_of(
    form: FactorStructure,
    parameters: FactorParameters,
    columns: Sequence[str],
    names: Sequence[str],
) -> list[Passage]:
    """Return the means, and loadings with noise variances where they fit on a screen."""
    components = range(parameters.n_components)
    shown = list(range(min(len(columns), SHOWN_COLUMNS)))
    left = len(columns) - len(shown)
    more = f" (the first {len(shown)} of {len(columns)} columns)" if left else ""
    means = [[columns[j], *(f"{value:.6g}" for value in parameters.means[:, j])] for j in shown]
    tables = [Passage(f"Means{more}", (Table.of(["", *names], means),))]
    if parameters.n_components > SHOWN_COMPONENTS:
        return tables
    header = ["", *(f"factor {a + 1}" for a in range(form.n_factors)), "noise variance"]
    several = parameters.n_components > 1
    alike = several and form.shares_loadings and form.shares_noise
    for k in components[:1] if alike else components:
        rows = [
            [
                columns[j],
                *(f"{value:.4g}" for value in parameters.loadings[k, j]),
                f"{parameters.noise[k, j]:.4g}",
            ]
            for j in shown
        ]
        whose = "every component" if alike else component_title(names[k])
        tables.append(Passage(f"Loadings of {whose}{more}", (Table.of(header, rows),)))
    return tables


def described(
    form: FactorStructure, parameters: FactorParameters, columns: Sequence[str]
) -> Mapping[str, Any]:
    """Return the structure in words, means, loadings and noise variances."""
    return {
        "structure": form.code,
        "words": form.words,
        "n_factors": form.n_factors,
        "columns": list(columns),
        "means": parameters.means.tolist(),
        "loadings": parameters.loadings.tolist(),
        "noise_variances": parameters.noise.tolist(),
    }
