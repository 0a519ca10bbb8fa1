"""`MixedMixture`: columns of several kinds in one mixture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.beside_noise import BesideNoise
from mixtura.components.catalogue import ROWS
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.noise import beside_noise, without_noise
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows, RowSource
from mixtura.data.categories import column_labels, columns_of
from mixtura.data.checks import check_varying, name_or_place
from mixtura.data.columns import column_moments
from mixtura.data.encoding import Reading, check_cells
from mixtura.data.gaps import ADVICE, Gaps, has_gaps
from mixtura.data.levels import codes_of, levels_of
from mixtura.data.plain import numbers_of_column
from mixtura.data.resolution import column_steps
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.errors import DataError
from mixtura.estimators.blocks import listed, used_columns
from mixtura.estimators.columnwise import family_of_rows, notes_of, remarks_of
from mixtura.estimators.constant import varying_columns
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.gaps import family_for, pattern_order
from mixtura.estimators.inputs import names_of
from mixtura.estimators.settings import Settings, checked_choice
from mixtura.estimators.sizes import check_parameters
from mixtura.kinds import NUMBER
from mixtura.mixture import Mixture

__all__ = ["MixedMixture"]

Float = NDArray[np.float64]

REMEDY = "put the column among the categorical ones"


@final
class MixedMixture(DiscreteMixture):
    """Mixture of columns of several kinds, blocks of which are independent in a component.

    Parameters
    ----------
    blocks : dict
        The columns (names or numbers) of each kind, a family by its name: "gaussian",
        "categorical", "bernoulli", "poisson" and so on. Columns in no block are left out.
    n_components : int
        K.
    covariance_type : str
        Of the Gaussian block, as in `GaussianMixture`.
    unknown : "error" or "ignore"
        As in `CategoricalMixture`.
    missing : "error" or "marginal"
        What a missing number, count or amount is, as in `GaussianMixture`; in the categorical and
        yes-or-no blocks it is left out always.
    constant : "error" or "drop"
        What a column of one value in a Gaussian or gamma block is, as in `GaussianMixture`; a block
        of nothing else is an error always.
    noise : None or "uniform"
        Add a component of constant density, the product of what it is in each block, for rows that
        belong to no other; `predict` says -1, and `weights_` has its share last.
    tol, max_iter, n_init, responsibilities_init, mixing_weights, fix, equal, use_y, prior
    random_state, warm_start, engine, n_jobs
        As in `MultinomialMixture`; a prior by its name is that of every block.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    parameters_ : dict
        The parameters of each kind, as plain tables.
    mixture_ : Mixture
        The fitted value. Its `columns` are those of the blocks, one block after the other; arrays
        it reads, and rows it draws, have the columns in the order of X.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import MixedMixture
    >>> X = [[1.2, "a"], [0.9, "a"], [5.1, "b"], [4.8, "b"], [1.0, "a"], [5.3, "a"]]
    >>> mixture = MixedMixture({"gaussian": [0], "categorical": [1]}, 2, random_state=0).fit(X)
    >>> sorted(mixture.weights_.round(1).tolist())
    [0.5, 0.5]
    """

    default_prior: ClassVar[str] = "weak"

    def __init__(
        self,
        blocks: Mapping[str, Sequence[Any]],
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        unknown: str = "error",
        missing: str = "error",
        constant: str = "error",
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        noise: str | None = None,
        fix: Any = None,
        equal: Any = None,
        use_y: Any = "auto",
        prior: Any = "weak",
        random_state: Any = None,
        warm_start: bool = False,
        engine: Any = "threads",
        n_jobs: int | None = None,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        super().__init__(
            n_components,
            tol=tol,
            algorithm=algorithm,
            max_iter=max_iter,
            n_init=n_init,
            responsibilities_init=responsibilities_init,
            mixing_weights=mixing_weights,
            noise=noise,
            fix=fix,
            equal=equal,
            use_y=use_y,
            prior=prior,
            random_state=random_state,
            warm_start=warm_start,
            engine=engine,
            n_jobs=n_jobs,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.blocks = blocks
        self.covariance_type = covariance_type
        self.unknown = unknown
        self.missing = missing
        self.constant = constant

    def _checked(self, data: Any) -> tuple[Float, tuple[str, ...] | None]:
        checked_choice("unknown", self.unknown, ("error", "ignore"))
        checked_choice("missing", self.missing, ("error", "marginal"))
        self._fresh_notes()
        columns, names = columns_of(data)
        self._used: dict[str, list[int]] = used_columns(self.blocks, names, len(columns))
        self._leave_out(columns, column_labels(names, len(columns)), names)
        self._places = tuple(position for used in self._used.values() for position in used)
        called = column_labels(names, len(columns))
        if len(columns[0]) < 2:
            raise DataError("X has one row, and a mixture needs at least 2; give more rows")
        self._labels = {
            position: levels_of(columns[position], called[position])
            for position in self._used.get("categorical", ())
        }
        rows = self._numbers(columns, names, self._used, ignore=False)
        return rows, None if names is None else tuple(names[position] for position in self._places)

    def _leave_out(
        self, columns: list[Any], called: Sequence[str], names: tuple[str, ...] | None
    ) -> None:
        """Take columns of one value out of blocks that have widths, if that is wished."""
        if checked_choice("constant", self.constant, ("error", "drop")) == "error":
            return
        for kind, own in self._used.items():
            if not _has_widths(kind):
                continue
            rows = np.column_stack([numbers_of_column(columns[p], called[p], REMEDY) for p in own])
            own_names = tuple(name_or_place(names, position) for position in own)
            kept = varying_columns(rows, own_names, self.constant, self._given_weights)
            if kept is not None:
                self._used[kind] = [own[place] for place in kept]

    def _rows(self, data: Any) -> Float:
        check_is_fitted(self, "mixture_")
        columns, names = columns_of(data)
        fitted = names_of(self)
        used = self._used
        if fitted is not None and names is not None:
            left = iter(fitted)
            by_name = {kind: [next(left) for _ in positions] for kind, positions in used.items()}
            used = used_columns(by_name, names, len(columns))
            # Levels are kept by the positions of the fit.
        elif max(map(max, used.values())) >= len(columns):
            raise DataError(f"X has {len(columns)} columns, and the fit used more")
        return self._numbers(columns, names, used, ignore=self.unknown == "ignore")

    def _numbers(
        self,
        columns: list[Any],
        names: tuple[str, ...] | None,
        used: Mapping[str, Sequence[int]],
        *,
        ignore: bool,
    ) -> Float:
        """Return the rows (N, D) of the blocks, categories as the numbers of their levels."""
        called = column_labels(names, len(columns))
        parts = []
        for kind, positions in used.items():
            if kind == "categorical":
                fitted = self._used["categorical"]
                levels = [self._labels[position] for position in fitted]
                block = np.column_stack(
                    [
                        codes_of(columns[p], own, called[p], ignore=ignore)
                        for p, own in zip(positions, levels, strict=True)
                    ]
                ).astype(np.float64)
            else:
                own_names = [name_or_place(names, position) for position in positions]
                numbers = [numbers_of_column(columns[p], called[p], REMEDY) for p in positions]
                block = np.column_stack(numbers)
                gaps = self.missing == "marginal"
                own = NUMBER if kind == "gaussian" else ROWS[kind].family.kind
                check_cells(block, [own] * len(own_names), own_names, gaps=gaps, advice=ADVICE)
            parts.append(block)
        return np.hstack(parts)

    def _check_size(self, n_components: int, n_columns: int) -> None:
        super()._check_size(n_components, n_columns)
        own = len(self._used.get("gaussian", ()))
        check_parameters(structure(self.covariance_type), n_components, own)

    def _order(self, rows: Any, weights: Float | None) -> NDArray[np.intp] | None:
        block = self._gaussian_block
        return pattern_order(rows[:, block], super()._order(rows, weights))

    @property
    def _gaussian_block(self) -> slice:
        """Return which columns of rows are Gaussian, whose patterns of missing cells are sorted."""
        start = 0
        for kind, positions in self._used.items():
            if kind == "gaussian":
                return slice(start, start + len(positions))
            start += len(positions)
        return slice(0, 0)

    def _source(self, rows: Float, weights: Float | None, *, as_given: bool = False) -> RowSource:
        return ArrayRows(rows, weights)

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> ProductFamily:
        whole = source.block(0, source.n_rows)
        families: list[BesideNoise] = []
        start = 0
        for kind, positions in self._used.items():
            block = slice(start, start + len(positions))
            start = block.stop
            own = positions if names is None else names[block]
            rows = ArrayRows(whole.rows[:, block], whole.weights)
            families.append(self._block_family(kind, rows, positions, own))
        return ProductFamily(tuple(families))

    def _block_family(
        self,
        kind: str,
        source: RowSource,
        positions: Sequence[int],
        names: Sequence[str | int],
    ) -> Any:
        if kind not in ("gaussian", "categorical"):
            family = family_of_rows(
                ROWS[kind], source, names, prior=self.prior, constant=self._remedy
            )
            for sentence in notes_of(family, source, kind) if family.gaps else []:
                self._note(sentence)
            return family
        if kind == "categorical":
            labels = tuple(self._labels[position] for position in positions)
            return CategoricalFamily(tuple(map(len, labels)), labels)
        form, family = structure(self.covariance_type), family_for(source, names)
        rows = source.block(0, source.n_rows).rows
        if has_gaps(rows):
            self._note(Gaps.of(rows).words("gaussian"))
        mean, spread = column_moments(source)
        if form.storage != "spherical":
            check_varying(spread, names, self._remedy)
        return family.of(form, mean, spread, steps=column_steps(source))

    @property
    def _remedy(self) -> str:
        """Return what may be done about a column of one value; a whole block is never left out."""
        return "drop it" if self.constant == "drop" else "drop it, or set constant='drop'"

    def _reading(self) -> Reading:
        return replace(super()._reading(), places=self._places)

    def _options(self, settings: Settings, family: Any) -> SolveOptions:
        return settings.options(
            prior=settings.prior,
            monotone=True,
            rescue=settings.prior is not None,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        mixture = result.mixture
        columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
        family, parameters = beside_noise(mixture.family, mixture.parameters)
        parts = zip(family.families, parameters.parts, family.blocks, strict=True)
        for block, part, own in parts:
            for remark in remarks_of(block, part, columns[own]):
                self._note(remark)
        return super()._more_facts(result, source)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        assert mixture.reading is not None
        self._places = mixture.reading.places or ()
        parts: Any = without_noise(mixture.family)
        self._used = {
            kind: list(self._places[block])
            for kind, block in zip(listed(self.blocks), parts.blocks, strict=True)
        }
        kinds = zip(self._places, mixture.kinds, strict=True)
        self._labels = {place: kind.labels for place, kind in kinds if kind.labels}
        columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
        self.parameters_ = mixture.family.describe(mixture.parameters, columns)


def _has_widths(kind: str) -> bool:
    """Return whether densities of a block grow without bound where a column holds one value."""
    if kind in ("gaussian", "categorical"):
        return kind == "gaussian"
    row = ROWS[kind]
    return row.family(1, **row.settings).has_widths
