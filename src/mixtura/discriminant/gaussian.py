"""Discriminant analysis by Gaussian mixtures: EDDA and MclustDA."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.gaussian.structures import CODES, distinct, structure
from mixtura.data.checks import check_varying
from mixtura.data.weights import given_weights
from mixtura.discriminant.face import ClassMixtures
from mixtura.discriminant.folds import Fold, folds_of, held_out
from mixtura.discriminant.labelled import Labelled, labelled, parted
from mixtura.discriminant.rules import checked_priors
from mixtura.errors import (
    NUMERICAL,
    CheckpointError,
    DataError,
    DegenerateComponentWarning,
    EngineError,
    MixturaError,
    ParameterError,
)
from mixtura.estimators import GaussianMixture, select
from mixtura.estimators.gaps import checked_gappy_rows
from mixtura.estimators.inputs import fitted_rows, names_of
from mixtura.estimators.settings import checked_choice, checked_integer, seed_of
from mixtura.estimators.sizes import checked_sizes
from mixtura.mixture import Mixture

__all__ = ["GaussianMixtureClassifier"]

Float = NDArray[np.float64]

Settings = dict[str, Any]

CRITERIA = ("bic", "brier", "error")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A mixture of each class.

    Attributes
    ----------
    mixtures : C
    n_parameters : of all, shares of the classes included
    cautions : what speaks against them, as sentences
    """

    mixtures: tuple[Mixture, ...]
    n_parameters: int
    cautions: tuple[str, ...]

    def densities(self, rows: NDArray[Any]) -> Float:
        """Return log f_c(x) (N, C)."""
        return np.column_stack([mixture.coded.log_density(rows) for mixture in self.mixtures])


class GaussianMixtureClassifier(ClassMixtures):
    """Classes by Bayes' rule, the rows of each being Gaussian or a mixture of Gaussians.

    With one component for each class and one structure for all it is eigenvalue decomposition
    discriminant analysis (Bensmail and Celeux 1996), of which linear ("tied"), quadratic ("full")
    and naive Bayes ("diag") are special cases. With more, each class has a mixture of its own size
    and structure (Fraley and Raftery 2002, MclustDA).

    Parameters
    ----------
    n_components : 1, a number for every class, or several, of which each class takes its own
    covariance_type : "all" fourteen structures, a name as in `GaussianMixture`, or several
    criterion : what chooses among them: "bic"; "brier", the Brier score, or "error", the share of
        errors, both of rows not fitted, by cross-validation. By these two, all classes have the
        same structure and size
    cv : number of parts of the cross-validation
    priors : (C,) probabilities of the classes in the order of `classes_`; None for their shares
    missing : "error", or "marginal" to leave missing cells, NaN, out of their rows' densities
    prior : on components, as in `GaussianMixture`
    n_init : starts of each mixture
    random_state : seed of starts and of the parts of the cross-validation
    n_jobs : threads, as in `GaussianMixture`

    Attributes
    ----------
    classes_ : (C,) labels, in order
    priors_ : (C,)
    mixtures_ : C mixtures, one of each class
    candidates_ : a dict of each model that was tried, the best first: its structure and size, BIC,
        Brier score and share of errors, or why it was not fitted; empty where each class chose
    log_likelihood_ : Σ w log(share of its class · density) over the rows of the fit, in nats
    bic_ : -2 log_likelihood_ + n_parameters_ log Σw
    n_parameters_ : free parameters, shares of the classes included
    n_features_in_ : D
    feature_names_in_ : (D,) where X had names
    """

    def __init__(
        self,
        n_components: int | Iterable[int] = 1,
        *,
        covariance_type: str | Sequence[str] = "all",
        criterion: str = "bic",
        cv: int = 5,
        priors: ArrayLike | None = None,
        missing: str = "error",
        prior: Any = "weak",
        n_init: int = 1,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.criterion = criterion
        self.cv = cv
        self.priors = priors
        self.missing = missing
        self.prior = prior
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: missing cells are taken if `missing` says so."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "marginal"
        return tags

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit a Gaussian or a mixture to the rows of each class.

        Parameters
        ----------
        X : (N, D) numbers: array, data frame or table
        y : (N,) labels of the classes, or the name of their column in X
        sample_weight : (N,) row weights from 0 up

        Raises
        ------
        DataError
            If rows, labels or weights cannot be used.
        ParameterError
            If a setting cannot be used.
        MixturaError
            If no model could be fitted.
        """
        checked_choice("criterion", self.criterion, CRITERIA)
        sizes = checked_sizes(self.n_components)
        codes = _codes_of(self.covariance_type)
        # One seed for all models, also where each draw is another.
        settings = self._settings()
        X, y = parted(X, y)
        rows, columns = checked_gappy_rows(X, self, self.missing)
        given = labelled(y, given_weights(X, sample_weight), len(rows))
        used = rows[given.weights > 0]
        check_varying(np.fmax.reduce(used) - np.fmin.reduce(used), columns, "leave it out")
        checked_priors(self.priors, given.classes, given.shares)
        self.n_features_in_ = rows.shape[1]
        if columns is not None:
            self.feature_names_in_ = np.array(columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if self.criterion == "bic" and sizes != [1]:
            self.candidates_ = []
            found = self._each(rows, given, sizes, codes, settings)
        else:
            found = self._alike(rows, given, sizes, codes, settings)
        for sentence in found.cautions:
            warnings.warn(sentence, DegenerateComponentWarning, stacklevel=2)
        mixtures = tuple(replace(mixture, columns=columns) for mixture in found.mixtures)
        self._adopt(mixtures, given, found.n_parameters)
        self._tell(rows if columns is None else X, given)
        return self

    def _alike(
        self,
        rows: NDArray[Any],
        given: Labelled,
        sizes: Sequence[int],
        codes: Sequence[str],
        settings: Settings,
    ) -> Fitted:
        """Return the best of the models that are alike in all classes; keep what was tried."""
        folds = None
        if self.criterion != "bic":
            cv = checked_integer("cv", self.cv, 2)
            folds = folds_of(given.codes, given.classes, cv, settings["random_state"])
        tried: list[tuple[bool, float, dict[str, Any], Fitted]] = []
        failed: list[dict[str, Any]] = []
        for size in sizes:
            # One Gaussian of each class is as a mixture of so many.
            kinds = distinct(codes, len(given.classes) * size, rows.shape[1])
            for code in dict.fromkeys(kinds.values()):
                told: dict[str, Any] = {"covariance_type": code, "n_components": size}
                try:
                    fit = partial(self._fitted, size=size, code=code, settings=settings)
                    found = fit(rows, given)
                    told |= _judged(found, rows, given, folds, fit)
                except (ParameterError, CheckpointError, EngineError):
                    raise
                except (*NUMERICAL, MixturaError) as error:
                    failed.append(told | {"failure": str(error)})
                    continue
                told |= {"cautions": found.cautions, "failure": None}
                tried.append((bool(found.cautions), told[self.criterion], told, found))
        if not tried:
            raise MixturaError("no model could be fitted: " + failed[0]["failure"])
        tried.sort(key=lambda one: one[:2])
        self.candidates_ = [told for *_, told, _ in tried] + failed
        return tried[0][-1]

    def _fitted(
        self, rows: NDArray[Any], given: Labelled, size: int, code: str, settings: Settings
    ) -> Fitted:
        """Return classes that are alike in size and structure."""
        if size == 1:
            return self._together(rows, given, code, settings)
        return self._each(rows, given, [size], [code], settings)

    def _together(
        self, rows: NDArray[Any], given: Labelled, code: str, settings: Settings
    ) -> Fitted:
        """Return one Gaussian of each class, of which the structure may hold parts equal."""
        n_classes = len(given.classes)
        model = GaussianMixture(
            n_components=n_classes, covariance_type=code, use_y=True, **settings
        )
        fit = partial(model.fit, rows, given.codes, sample_weight=given.weights)
        whole, cautions = _heard(fit)
        whole = whole.mixture_
        parts = tuple(
            Mixture(np.ones(1), whole.family, whole.parameters.take([k]), reading=whole.reading)
            for k in range(n_classes)
        )
        return Fitted(parts, whole.n_parameters, cautions)

    def _each(
        self,
        rows: NDArray[Any],
        given: Labelled,
        sizes: Sequence[int],
        codes: Sequence[str],
        settings: Settings,
    ) -> Fitted:
        """Return a mixture of each class, of the size and structure of its lowest BIC."""
        mixtures: list[Mixture] = []
        cautions: tuple[str, ...] = ()
        for place in range(len(given.classes)):
            own = (given.codes == place) & (given.weights > 0)
            label = given.classes.tolist()[place]
            _check_varying(rows[own], label, self)
            search = partial(select, rows[own], sizes, codes, **settings)
            found, told = _heard(partial(search, sample_weight=given.weights[own]))
            cautions += tuple(f"class {label!r}: {one}" for one in told)
            mixtures.append(found.result.mixture)
        count = sum(mixture.n_parameters for mixture in mixtures) + len(mixtures) - 1
        return Fitted(tuple(mixtures), count, cautions)

    def _settings(self) -> Settings:
        return {
            "missing": self.missing,
            "prior": self.prior,
            "n_init": self.n_init,
            "random_state": seed_of(self.random_state),
            "n_jobs": self.n_jobs,
        }

    def _rows(self, data: Any) -> NDArray[Any]:
        return fitted_rows(data, self, missing=self.missing == "marginal")


def _judged(
    found: Fitted,
    rows: NDArray[Any],
    given: Labelled,
    folds: list[Fold] | None,
    fit: Callable[[NDArray[Any], Labelled], Fitted],
) -> dict[str, Any]:
    """Return the criteria of a model, which `fit` fits to other rows."""
    total, bic = given.likelihood(found.densities(rows), found.n_parameters)
    told = {"log_likelihood": total, "df": found.n_parameters, "bic": bic}
    if folds is None:
        return told

    def densities_of(fitted: NDArray[np.intp], judged: NDArray[np.intp]) -> tuple[Float, Float]:
        part = given.take(fitted)
        return fit(rows[fitted], part).densities(rows[judged]), part.shares

    score, errors = held_out(densities_of, folds, given.codes, given.weights)
    return told | {"brier": score, "error": errors}


def _codes_of(covariance_type: Any) -> list[str]:
    """Return the codes of the structures to try."""
    if isinstance(covariance_type, str):
        named = CODES if covariance_type == "all" else (covariance_type,)
    else:
        named = tuple(covariance_type) if isinstance(covariance_type, Iterable) else ()
    if not named:
        raise ParameterError(
            f"covariance_type should be 'all', a name or several, but got {covariance_type!r}"
        )
    return [structure(name).code for name in named]


def _check_varying(rows: NDArray[Any], label: Any, estimator: Any) -> None:
    """Raise `DataError` naming the first column that has one value in all rows of a class."""
    with np.errstate(invalid="ignore"):
        constant = np.flatnonzero(~(np.fmax.reduce(rows) > np.fmin.reduce(rows)))
    if len(constant):
        names = names_of(estimator)
        column = int(constant[0])
        called = f"{column}" if names is None else repr(names[column])
        raise DataError(
            f"class {label!r}: column {called} has one value in all its rows, so a mixture of its "
            "own has no width there; leave the column out, or take n_components=1 and a structure "
            'that classes share, such as "tied"'
        )


def _heard(fit: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
    """Return what a fit returns, and what it warns of components that are not sound.

    Other warnings are passed on.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fit()
    told = [str(one.message) for one in caught if one.category is DegenerateComponentWarning]
    for one in caught:
        if one.category is not DegenerateComponentWarning:
            warnings.warn(one.message, stacklevel=5)
    return found, tuple(dict.fromkeys(told))
