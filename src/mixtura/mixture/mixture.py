"""`Mixture`: weights, a family and its parameters, and what they say of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import generator_of, whole_number
from mixtura.components.constrained import Constraints, n_lost
from mixtura.components.family import Family
from mixtura.components.filling import filling_of
from mixtura.components.margins import conditional_of, marginal_of
from mixtura.components.positions import parted, positions
from mixtura.components.predictions import Predictor
from mixtura.data.encoding import AS_IT_COMES, Reading, decoded, decoded_rows, rows_of_table
from mixtura.engines import Threads, engine_named
from mixtura.errors import ParameterError
from mixtura.kinds import ColumnKind
from mixtura.mixture.distribution import Distribution
from mixtura.mixture.handed_on import HandedOn
from mixtura.mixture.shown import Shown
from mixtura.native.predictions import Predictions
from mixtura.text import Numbered, component_names, named_components

__all__ = ["Mixture"]

Float = NDArray[np.float64]

# Rows at a time: memory stays small whatever N is. So few parts are not worth waking threads for.
CHUNK_ROWS, FEW_PARTS = 4096, 4


@dataclass(frozen=True, repr=False)
class Mixture(Distribution, HandedOn, Shown):
    """A finite mixture Σ_k π_k f(x | θ_k), in the user's units.

    Its methods read a table as the fit did: columns of a frame by name, categories by value, and
    those of an array by their places in the table of the fit. What gives rows back gives columns
    in that table's order; such rows can be read again, unless the table had columns beside them.

    Attributes
    ----------
    weights : (K,) float64, the mixing weights π_k
    family : the component distribution
    parameters : the family's parameters of the K components
    columns : column names, or None; `table_columns` are those of rows that are given back
    held : whether the weights, but for that of noise, were held in given proportions
    reading : how tables are read; None where all that comes is rows as `encode` returns them
    constraints : what numbers of its components were held or equal, or None
    component_names : what components but noise are called, or None; `relabel` sets them
    """

    weights: Float
    family: Family
    parameters: Any
    columns: tuple[str, ...] | None = None
    held: bool = False
    reading: Reading | None = AS_IT_COMES
    constraints: Constraints | None = None
    component_names: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        count, width = self.n_components, self.n_columns
        return f"<Mixture of {self.family.name}: {count} components, {width} columns>"

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.weights)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.family.n_columns

    @property
    def column_names(self) -> Sequence[str]:
        """Return what columns are called in words: their names, or x0, x1 and on."""
        return self.columns or Numbered(self.n_columns)

    @property
    def table_columns(self) -> tuple[str, ...] | None:
        """Return the column names in the order of the table of the fit, or None."""
        return self._names(self._in_table(np.arange(self.n_columns)).tolist())

    @property
    def n_parameters(self) -> int:
        """Return the number of free parameters, mixing weights included."""
        free = int(self.family.has_noise) if self.held else self.n_components - 1
        return self.family.n_free(self.n_components) - n_lost(self.family, self.constraints) + free

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return what the cells of each column (D) are."""
        return self.family.kinds

    @property
    def labels(self) -> NDArray[np.intp]:
        """Return how components (K,) are called: by number, noise by -1."""
        numbers = np.arange(self.n_components)
        return np.where(numbers < self.n_components - self.family.has_noise, numbers, -1)

    @property
    def names(self) -> tuple[str, ...]:
        """Return what components (K,) are called in tables: by name or number, and noise."""
        return component_names(self.labels.tolist(), self.component_names)

    def relabel(self, labels: Sequence[str]) -> "Mixture":
        """Return the mixture with `labels` as names of its components but noise, in their order.

        Raises
        ------
        ParameterError
            If there are not as many names, or they do not tell components apart.
        """
        return replace(self, component_names=named_components(self.labels, labels))

    @property
    def coded(self) -> "Mixture":
        """Return the same mixture over rows as `encode` returns them, which it does not check."""
        return self if self.reading is None else replace(self, reading=None)

    def read_by(self, rules: Reading) -> "Mixture":
        """Return the mixture that reads tables by these rules."""
        return self if self.reading == rules else replace(self, reading=rules)

    def encode(
        self, data: Any, *, unknown: str | None = None, missing: str | None = None
    ) -> NDArray[Any]:
        """Return a table as rows of `columns`, categories as the numbers of their labels.

        Such rows are for the methods of `coded`: those here would read them as a table again.

        Parameters
        ----------
        data : data frame of any library, array, list of rows, or SciPy's sparse rows
        unknown : "error", or "ignore" to count a category that the fit did not see as missing
        missing : "error", or "marginal" to let numbers be NaN; None, for both, is as in the fit

        Raises
        ------
        DataError
            Naming a column that is missing, or the first cell that cannot be used.
        """
        rules = (self.reading or AS_IT_COMES).but(unknown, missing)
        return rows_of_table(data, self.kinds, self.columns, rules)

    def decode(self, rows: NDArray[Any]) -> list[Any]:
        """Return what rows of `encode` stand for, column by column as in `columns`."""
        return decoded(rows, self.kinds)

    def log_density(self, rows: Any, n_jobs: int | None = None) -> Float:
        """Return log Σ_k π_k f(x | θ_k).

        Parameters
        ----------
        rows : (N, D) table; a missing cell that the fit would take is left out
        n_jobs : threads where rows are many, None or -1 for all cores; the bits are the same

        Returns
        -------
        (N,) float64
        """
        return self._filled(rows, n_jobs, "log_density").log_density

    def component_log_density(self, rows: Any, n_jobs: int | None = None) -> Float:
        """Return log f(x | θ_k) (N, K) without the weights; arguments as in `log_density`."""
        alone = replace(self, weights=np.ones(self.n_components))
        return alone._filled(rows, n_jobs, "joint").joint

    def responsibilities(self, rows: Any, n_jobs: int | None = None) -> Float:
        """Return the posterior probabilities γ(z_nk) of the components.

        Every row sums to one, however far it is from all components; arguments as in `log_density`.

        Returns
        -------
        (N, K) float64
        """
        return self._filled(rows, n_jobs, "responsibilities").responsibilities

    def density_and_responsibilities(
        self, rows: Any, n_jobs: int | None = None
    ) -> tuple[Float, Float]:
        """Return log density (N,) and responsibilities (N, K); arguments as in `log_density`."""
        found = self._filled(rows, n_jobs, "log_density", "responsibilities")
        return found.log_density, found.responsibilities

    def predict(self, rows: Any, n_jobs: int | None = None) -> NDArray[np.intp]:
        """Return each row's likeliest component (N,) by `labels`; arguments as in `log_density`."""
        found = self._filled(rows, n_jobs, "labels").labels.astype(np.intp, copy=False)
        return self.labels[found] if self.family.has_noise else found

    def sample(
        self, n_samples: int, random_state: int | np.random.Generator | None = None
    ) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """Draw rows.

        Parameters
        ----------
        n_samples : how many
        random_state : a seed or a numpy Generator

        Returns
        -------
        rows : (n_samples, D), categories by value, columns as `table_columns`
        components : (n_samples,) the component of each row
        """
        rng, size = generator_of(random_state), whole_number("n_samples", n_samples, 0)
        labels = rng.choice(self.n_components, size=size, p=self.weights / self.weights.sum())
        rows = self.family.sample(self.parameters, labels, rng)
        table = rows if self.reading is None else decoded_rows(rows, self.kinds)
        return self._in_table(table), labels

    def marginal(self, columns: Sequence[int | str]) -> "Mixture":
        """Return the mixture of some columns, in the order given.

        Parameters
        ----------
        columns : positions or names

        Raises
        ------
        ParameterError
            If there is no such column, or the margins are of no family here.
        """
        chosen = positions(columns, self.columns, self.n_columns)
        if not chosen:
            raise ParameterError("a margin needs a column at least")
        family, parameters = marginal_of(self.family, self.parameters, chosen)
        return replace(self._over(chosen, self.weights, family, parameters), held=self.held)

    def conditional(self, given: Mapping[int | str, Any]) -> "Mixture":
        """Return the mixture of the other columns where some are known.

        Its weights are the posterior probabilities of the components given those. With Gaussian
        components, its `mean` and `covariance` are Gaussian mixture regression.

        Parameters
        ----------
        given : what is known, by the columns' positions or names, as `log_density` takes it

        Raises
        ------
        ParameterError
            If there is no such column, or none is left.
        """
        known, rest = parted(given, self.columns, self.n_columns)
        margin, order = self.marginal(sorted(known)), np.argsort(known)
        row: Any = [[list(given.values())[place] for place in order]]
        rows = np.asarray(row) if self.reading is None else margin.encode(row)
        values, weights = rows[0, np.argsort(order)], margin.coded.responsibilities(rows)[0]
        family, parameters = conditional_of(self.family, self.parameters, known, rest, values)
        return self._over(rest, weights, family, parameters)

    def impute(
        self,
        rows: NDArray[Any],
        n_imputations: int | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> Float:
        """Return rows with missing cells filled in, for Gaussian mixtures.

        Parameters
        ----------
        rows : (N, D), NaN where a cell is missing, whatever the fit took
        n_imputations : None for E[x_m | x_o], the means given the other cells; M for M draws from
            their distribution given those, which keep the spread that means take away
        random_state : a seed or a numpy Generator, for the draws

        Returns
        -------
        (N, D) float64, or (M, N, D) for draws

        Raises
        ------
        ParameterError
            If rows of the family are no numbers that could be filled in so, or `n_imputations` is
            no number of draws.
        """
        filling = filling_of(self.family, self.parameters)
        coded = rows if self.reading is None else self.encode(rows, missing="marginal")
        rows = np.asarray(coded, dtype=np.float64)
        shares = self.coded.responsibilities(rows)
        if n_imputations is None:
            return self._in_table(filling.expected(rows, shares))
        count = whole_number("n_imputations", n_imputations, 1)
        return self._in_table(filling.drawn(rows, shares, count, generator_of(random_state)))

    def _in_table(self, cells: NDArray[Any]) -> NDArray[Any]:
        """Return cells (..., D) in the order in which the table of the fit had their columns."""
        order = None if self.reading is None else self.reading.order
        return cells if order is None else cells[..., order]

    def _over(self, some: Sequence[int], weights: Float, family: Any, parameters: Any) -> "Mixture":
        """Return the mixture of some columns, which it reads one after the other."""
        rules = None if self.reading is None else replace(self.reading, places=None)
        names, called = self._names(some), self.component_names
        return Mixture(weights, family, parameters, names, False, rules, None, called)

    def _names(self, columns: Sequence[int]) -> tuple[str, ...] | None:
        return None if self.columns is None else tuple(self.columns[j] for j in columns)

    def _filled(self, data: Any, n_jobs: int | None, *names: str) -> Any:
        """Return the `Predictions` asked for by name; each part is written where it belongs."""
        rows = data if self.reading is None else self.encode(data)
        predictor = Predictor(self.family, self.parameters, self.weights)
        asked = Predictions.of(names, rows.shape[0], self.n_components)
        parts = [slice(at, at + CHUNK_ROWS) for at in range(0, rows.shape[0], CHUNK_ROWS)]
        several = engine_named("threads", n_jobs)
        engine = several if len(parts) > FEW_PARTS else Threads(1)
        with engine.session():
            list(engine.map(lambda part: predictor.fill(rows[part], asked.part(part)), parts))
        return asked
