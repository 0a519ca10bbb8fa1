"""`MixedMixture`: columns of several kinds in one mixture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.beside_noise import BesideNoise
from mixtura.components.gaussian.structures import structure
from mixtura.components.noise import without_noise
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows, RowSource
from mixtura.data.categories import column_labels, columns_of
from mixtura.data.checks import name_or_place
from mixtura.data.columns import source_of_columns
from mixtura.data.dataset import Dataset
from mixtura.data.encoding import Reading
from mixtura.data.frames import declared_orders
from mixtura.data.levels import levels_of
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.errors import DataError
from mixtura.estimators.blocks import inferred_blocks, listed, used_columns
from mixtura.estimators.columnwise import remarks_of
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.gaps import pattern_order
from mixtura.estimators.inputs import ONE_ROW, Sourced, names_of
from mixtura.estimators.mixed_dataset import (
    coded_as_fitted,
    coded_by_blocks,
    fitted_mixed,
    places_in,
    recoded_rows,
    varying_of_dataset,
)
from mixtura.estimators.mixed_families import BlockSettings, block_family
from mixtura.estimators.mixed_rows import (
    blocks_in,
    check_mixed,
    gaussian_block,
    mixed_rows,
    silent_rows,
    varying,
)
from mixtura.estimators.settings import Settings, checked_choice
from mixtura.estimators.sizes import check_parameters
from mixtura.estimators.spooled import check_parts, labels_of, spooled_rows, words_of_left_out
from mixtura.mixture import Mixture

__all__ = ["MixedMixture"]

Float = NDArray[np.float64]


@final
class MixedMixture(DiscreteMixture):
    """Mixture of columns of several kinds, blocks of which are independent in a component.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    blocks : dict or None
        The columns (names or numbers) of each kind, a family by its name: "gaussian",
        "categorical", "bernoulli", "poisson" and so on. Columns in no block are left out. None,
        of rows in memory, is what `mixtura.inspect` says of them.
    covariance_type : str
        Of the Gaussian block, as in `GaussianMixture`.
    unknown : "error" or "ignore"
        As in `CategoricalMixture`.
    missing : "error" or "marginal"
        What a missing number, count or amount is, as in `GaussianMixture`; in the categorical and
        yes-or-no blocks it is left out always.
    constant : "error" or "drop"
        As in `GaussianMixture`, in Gaussian and gamma blocks; one of nothing else is an error.
    noise : None or "uniform"
        Add a component of constant density, the product of what it is in each block, for rows that
        belong to no other; `predict` says -1, and `weights_` has its share last.
    ordinal, ordinal_link
        Items of the categorical block whose levels have an order, as in `CategoricalMixture`.
    tol, max_iter, n_init, responsibilities_init, mixing_weights, fix, equal, use_y, prior
    random_state, warm_start, engine, n_jobs
        As in `MultinomialMixture`; a prior by its name is that of every block.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    parameters_ : dict
        The parameters of each kind, as plain tables.
    blocks_ : dict
        The columns of each kind that were fitted, by name where they have names.
    mixture_ : Mixture
        The fitted value. Its `columns` are those of the blocks, one block after the other; arrays
        it reads, and rows it draws, have the columns in the order of X.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import MixedMixture
    >>> X = [[1.2, "a"], [0.9, "a"], [5.1, "b"], [4.8, "b"], [1.0, "a"], [5.3, "a"]]
    >>> mixture = MixedMixture(2, random_state=0).fit(X)
    >>> mixture.blocks_
    {'gaussian': [0], 'categorical': [1]}
    >>> sorted(mixture.weights_.round(1).tolist())
    [0.5, 0.5]
    """

    default_prior: ClassVar[str] = "weak"

    def __init__(
        self,
        n_components: int | str = 1,
        blocks: Mapping[str, Sequence[Any]] | None = None,
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
        ordinal: Any = None,
        ordinal_link: str = "adjacent",
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
        self.ordinal = ordinal
        self.ordinal_link = ordinal_link

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: text and missing cells are taken."""
        own = (tags := super().__sklearn_tags__()).input_tags
        own.categorical = own.string = own.allow_nan = True
        return tags

    def _checked(self, data: Any) -> tuple[Float, tuple[str, ...] | None]:
        self._begin()
        if isinstance(data, Dataset):
            if data.n_rows < 2:
                raise DataError(ONE_ROW)
            at, names = self._take_columns(data)
            return self._dataset_rows(data, at), names
        columns, names = columns_of(data)
        blocks = self.blocks
        if blocks is None:
            blocks, said = inferred_blocks(data)
            for sentence in said:
                self._note(sentence, warn=True)
        used = used_columns(blocks, names, len(columns))
        self._used = varying(columns, names, used, self.constant, self._given_weights)
        self._places = tuple(position for own in self._used.values() for position in own)
        self._orders = declared_orders(data)
        called = column_labels(names, len(columns))
        if len(columns[0]) < 2:
            raise DataError(ONE_ROW)
        self._labels = {
            position: levels_of(columns[position], called[position])
            for position in self._used.get("categorical", ())
        }
        rows = self._table_rows(columns, names, self._used)
        return rows, None if names is None else tuple(names[position] for position in self._places)

    @property
    def blocks_(self) -> dict[str, list[Any]]:
        """Return the columns of each kind that were fitted."""
        check_is_fitted(self, "mixture_")
        called = iter(self.mixture_.columns or self._places)
        return {kind: [next(called) for _ in own] for kind, own in self._used.items()}

    def _begin(self) -> None:
        checked_choice("unknown", self.unknown, ("error", "ignore"))
        checked_choice("missing", self.missing, ("error", "marginal"))
        checked_choice("constant", self.constant, ("error", "drop"))
        self._fresh_notes()

    def _as_read(self, data: Any) -> Any:
        return coded_by_blocks(data, self.blocks) if isinstance(data, Dataset) else data

    def _as_fitted(self, data: Any) -> Any:
        check_is_fitted(self, "mixture_")
        if not isinstance(data, Dataset):
            return data
        blocks = self.blocks_ if self.blocks is None else self.blocks
        return coded_as_fitted(data, blocks, self._used, names_of(self))

    def _rows_beyond(self, data: Dataset) -> Sourced:
        self._begin()
        at, names = self._take_columns(data)
        called = self._places if names is None else names
        check_parts(
            data,
            lambda part: check_mixed(part.array()[:, at], self._used, called, self.missing),
        )
        rows = fitted_mixed(data, at, gaussian_block(self._used), self._silent)
        return Sourced(rows, names, None, rows, words_of_left_out(spooled_rows(data), rows))

    def _take_columns(self, data: Dataset) -> tuple[list[int], tuple[str, ...] | None]:
        """Return where the columns to be fitted stand in a dataset, and their names."""
        self._used = varying_of_dataset(data, self.blocks, self.constant)
        self._places = tuple(position for own in self._used.values() for position in own)
        at, labels = places_in(data, None, self._places), labels_of(data)
        told = zip(self._places, at, strict=True)
        self._labels = {place: labels[each] for place, each in told if labels[each]}
        return at, None if data.names is None else tuple(data.names[each] for each in at)

    def _rows(self, data: Any) -> Float:
        check_is_fitted(self, "mixture_")
        if isinstance(data, Dataset):
            return self._dataset_rows(data, places_in(data, names_of(self), self._places))
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
        return self._table_rows(columns, names, used, ignore=self.unknown == "ignore")

    def _table_rows(
        self,
        columns: list[Any],
        names: tuple[str, ...] | None,
        used: Mapping[str, Sequence[int]],
        *,
        ignore: bool = False,
    ) -> Float:
        """Return checked rows (N, D) of the blocks of a table."""
        levels = [self._labels[position] for position in self._used.get("categorical", ())]
        rows = mixed_rows(columns, names, used, levels, ignore=ignore)
        called = [name_or_place(names, place) for own in used.values() for place in own]
        check_mixed(rows, used, called, self.missing)
        return rows

    def _dataset_rows(self, data: Dataset, at: list[int]) -> Float:
        """Return checked rows (N, D) of some columns of a dataset that is in memory."""
        levels = [self._labels.get(place, ()) for place in self._places]
        rows = recoded_rows(data, at, levels, ignore=self.unknown == "ignore")
        called = [name_or_place(data.names or data.places, each) for each in at]
        check_mixed(rows, self._used, called, self.missing)
        return rows

    def _check_size(self, n_components: int, n_columns: int) -> None:
        super()._check_size(n_components, n_columns)
        own = len(self._used.get("gaussian", ()))
        check_parameters(structure(self.covariance_type), n_components, own)

    def _order(self, rows: Any, weights: Float | None) -> NDArray[np.intp] | None:
        block = gaussian_block(self._used)
        return pattern_order(rows[:, block], super()._order(rows, weights))

    def _silent(self, rows: Any, names: tuple[str, ...] | None = None) -> Any:
        return silent_rows(rows, self._used)

    def _source(self, rows: Float, weights: Float | None, *, as_given: bool = False) -> RowSource:
        return ArrayRows(rows, weights)

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> ProductFamily:
        families: list[BesideNoise] = []
        for kind, block, positions in blocks_in(self._used):
            own = positions if names is None else names[block]
            rows = source_of_columns(source, block)
            labels = tuple(self._labels.get(position, ()) for position in positions)
            told = BlockSettings(self.covariance_type, self.prior, self._remedy)
            families.append(block_family(kind, rows, own, labels, told, self._note))
        return ProductFamily(tuple(families))

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
        for remark in remarks_of(result.mixture):
            self._note(remark)
        return super()._more_facts(result, source)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        assert mixture.reading is not None
        self._places = mixture.reading.places or ()
        parts: Any = without_noise(mixture.family)
        names = [each.name for each in parts.families]
        names = names if self.blocks is None else listed(self.blocks)
        self._used = {
            name: list(self._places[block]) for name, block in zip(names, parts.blocks, strict=True)
        }
        kinds = zip(self._places, mixture.kinds, strict=True)
        self._labels = {place: kind.labels for place, kind in kinds if kind.labels}
        columns = mixture.column_names
        self.parameters_ = mixture.family.describe(mixture.parameters, columns)
