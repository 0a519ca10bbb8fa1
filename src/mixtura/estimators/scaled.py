"""What estimators share of components that wild rows do not bend."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.noise import beside_noise, without_noise
from mixtura.data import RowSource
from mixtura.data.checks import check_varying, check_within_reach
from mixtura.data.columns import column_moments, robust_columns
from mixtura.data.resolution import column_steps
from mixtura.em.noise_starts import with_noise
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartMaker
from mixtura.errors import ParameterError
from mixtura.estimators.complete import CompleteRows
from mixtura.estimators.gaussian_search import structure_search
from mixtura.estimators.gaussian_shapes import attributes_of, within_precision
from mixtura.estimators.inputs import Kept, Sourced
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.settings import Settings
from mixtura.estimators.sizes import check_parameters
from mixtura.mixture import Mixture
from mixtura.selection import Selection

__all__ = ["ScaledMixture"]

Float = NDArray[np.float64]


class ScaledMixture(CompleteRows):
    """Base of `StudentTMixture` and `ContaminatedMixture`."""

    noise: str | None
    noise_volume: float | None

    fix = equal = None

    @abstractmethod
    def _made(self, form: Structure, middle: Float, spread: Float, steps: Float) -> Any:
        """Return the family for columns of the given middles, spreads and steps (D,)."""

    def _alike(self, fitted: Any, now: Any) -> bool:
        """Return whether families of one structure are of one model."""
        return True

    def _alone(self, family: Any, settings: Settings) -> StartMaker | None:
        """Return what makes starts without noise, or None for those of any family."""
        return None

    def _check_size(self, n_components: int, n_columns: int) -> None:
        check_parameters(structure(self._form()), n_components, n_columns, self._form())

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> Any:
        return self._family_maker(source, names)(structure(self._form()))

    def _family_maker(
        self, source: RowSource, names: tuple[str, ...] | None
    ) -> Callable[[Structure], Any]:
        remedy = "drop it, or set constant='drop'"
        check_varying(column_moments(source)[1], names, remedy)
        middle, spread = robust_columns(source)
        check_within_reach(source, names, middle, spread)
        steps = column_steps(source)
        return lambda form: self._made(form, middle, spread, steps)

    def _options(self, settings: Settings, family: Any) -> SolveOptions:
        return settings.options(
            prior=settings.prior,
            monotone=True,
            rescue=settings.prior is not None,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _ranked(self, given: Sourced, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        plain = self._family_maker(given.source, given.names)
        noisy = noise_maker(self.noise, given.source, given.names, self.noise_volume)
        return structure_search(self, given, sizes, kinds, lambda form: noisy(plain(form)), **how)

    def _starts(
        self,
        family: Any,
        rows: NDArray[Any],
        kept: Kept | None,
        settings: Settings,
    ) -> StartMaker | None:
        n_components, noise = settings.n_components, int(family.has_noise)
        told = self._told_start(family, rows, kept, n_components + noise)
        if told is not None:
            return told
        alone = self._alone(without_noise(family), settings)
        if not noise:
            return alone
        return with_noise(alone, n_components, settings.start_options())

    def _last_fit(self, n_components: int, family: Any) -> Mixture:
        fitted, now = without_noise(self.mixture_.family), without_noise(family)
        alike = (
            self.mixture_.n_components == n_components
            and self.mixture_.n_columns == family.n_columns
            and fitted.structure.code == now.structure.code
            and self._alike(fitted, now)
            and self.mixture_.family.has_noise == family.has_noise
        )
        if not alike:
            raise ParameterError(
                "warm_start goes on from a fit of as many components in as many columns, with the "
                f"same structure,{self.ALIKE} and noise; set warm_start=False for this one"
            )
        return self.mixture_

    # What else a fit to go on from has in common, as an error lists it.
    ALIKE = ""

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        parameters = beside_noise(mixture.family, mixture.parameters)[1]
        shapes = attributes_of(self._form(), parameters.gaussian)
        self.n_features_in_ = mixture.n_columns
        self._take_columns(mixture)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = within_precision(parameters.means, dtype)
        self.covariances_, self.precisions_, self.precisions_cholesky_ = (
            within_precision(array, dtype) for array in shapes
        )
