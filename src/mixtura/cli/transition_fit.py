"""The fits of `mixtura transition`: a model for each number of classes, and tests of the best."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes import LatentTransition, LikelihoodRatio, latent_transition
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.class_relations import say_unnamed, survey_of
from mixtura.cli.families import OFFERS
from mixtura.cli.progress import search_progress
from mixtura.cli.rows import weights_of
from mixtura.cli.transition_asked import AskedOfWaves
from mixtura.cli.transition_tables import SizeTried, Transitions
from mixtura.covariates.asked import covariates_of
from mixtura.data.waves import Waves
from mixtura.errors import InformationError
from mixtura.mixture import Mixture
from mixtura.mixture.tables import frame_of

__all__ = ["fitted_waves"]


def fitted_waves(waves: Waves, asked: AskedOfWaves) -> Transitions:
    """Return the models of all numbers of classes, and what is told of the best.

    Raises
    ------
    DataError, ParameterError
        If the answers, or covariates, cannot be used.
    MixturaError
        If no model can be fitted.
    """
    people = _People.of(waves, asked)
    request, weighed = asked.request(waves), asked.weighed_by
    table = waves.asked(() if weighed is None else (weighed,))
    with in_words_of_the_command(table.path):
        search = OFFERS[asked.options["family"]].prepare(table, request.of(table))
        with search_progress() as progress:
            selection, _ = search(progress)
    tried = []
    for one in selection.candidates:
        mixture = None if one.result is None else one.result.mixture
        if mixture is not None and len(asked.names) == one.n_components:
            mixture = mixture.relabel(asked.names)
        tried.append(_tried(people, one.n_components, mixture, one.failure))
    best = Transitions.best_of(tried)
    assert best.found is not None
    assert best.mixture is not None
    say_unnamed(asked.names, best.n_classes)
    tests = _tests(people, best.mixture, best.found) if asked.options["tests"] else {}
    return Transitions(
        waves,
        asked.options["person"] or asked.options["id_column"],
        tuple(tried),
        best.found,
        tests,
        people.classes(best.found),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """What is known of people beside their answers, as `latent_transition` takes it.

    Attributes
    ----------
    waves : people and answers
    options : of the fit
    told : row weights, or how people were drawn
    covariates : names or a formula, or None
    frame : the columns of these
    complete : (N,) which people lack none
    """

    waves: Waves
    options: Mapping[str, Any]
    told: Mapping[str, Any]
    covariates: Any
    frame: Any
    complete: NDArray[np.bool_]

    @classmethod
    def of(cls, waves: Waves, asked: AskedOfWaves) -> "_People":
        """Return it, once covariates can be used."""
        table, options = waves.people, asked.options
        survey = survey_of(table, asked.drawn)
        told: dict[str, Any] = {"survey": survey}
        if survey is None:
            told = {"sample_weight": weights_of(table, options["weights"])}
        covariates, frame, complete = None, None, np.ones(table.n_rows, dtype=bool)
        if asked.covariates.names:
            covariates, frame = asked.covariates.of(table)
            complete = covariates_of(covariates, frame, table.n_rows).complete
        return cls(waves, options, told, covariates, frame, complete)

    def fitted(self, mixture: Mixture, **changed: Any) -> LatentTransition:
        """Return the model by the classes of a mixture, with some settings in place of others."""
        options = self.options
        given: dict[str, Any] = {
            "covariates": self.covariates,
            "data": self.frame,
            "covariates_on": options["covariates_on"],
            "transitions": options["transitions"].replace("-", " "),
            "measurement": options["measurement"],
            "prior": options["prior"],
            "n_init": options["starts"],
            "random_state": options["seed"],
        }
        return latent_transition(mixture, self.frames(mixture), **{**self.told, **given, **changed})

    def without_covariates(self, mixture: Mixture) -> LatentTransition:
        """Return the model of the same people without what foretells classes."""
        weights = self.told["sample_weight"]
        counted = self.complete * (1.0 if weights is None else weights)
        return self.fitted(mixture, covariates=None, data=None, sample_weight=counted)

    def frames(self, mixture: Mixture) -> dict[str, Any]:
        """Return the answers at each wave, by name, as a mixture reads them."""
        pairs = zip(self.waves.names, self.waves.tables, strict=True)
        return {name: frame_of(mixture, table) for name, table in pairs}

    def classes(self, found: LatentTransition) -> NDArray[np.float64]:
        """Return the posteriors (N, T, K), NaN of people who lack a covariate."""
        frames = self.frames(found.mixtures[0])
        if self.covariates is None:
            return found.predict_proba(frames)
        there = np.flatnonzero(self.complete)
        own = {name: frame.take(there) for name, frame in frames.items()}
        classes = np.full((len(self.complete), len(frames), len(found.classes)), np.nan)
        classes[there] = found.predict_proba(own, self.frame.take(there))
        return classes


def _tried(
    people: _People, n_classes: int, mixture: Mixture | None, failure: str | None
) -> SizeTried:
    """Return the model of a number of classes, or why there is none."""
    if mixture is None:
        return SizeTried(n_classes, failure=failure)
    try:
        return SizeTried(n_classes, mixture, people.fitted(mixture))
    except InformationError as error:
        return SizeTried(n_classes, failure=str(error))


def _tests(
    people: _People, mixture: Mixture, found: LatentTransition
) -> dict[str, LikelihoodRatio | str]:
    """Return what holds the model against simpler or more general ones, or why one cannot be."""
    options = people.options
    asked: dict[str, tuple[Callable[[], LatentTransition], bool]] = {}
    if found.n_waves > 2:
        is_equal = options["transitions"] == "equal"
        other = "by wave" if is_equal else "equal"
        asked["moves equal against by wave"] = (
            partial(people.fitted, mixture, transitions=other),
            is_equal,
        )
    is_equal = options["measurement"] == "equal"
    other = "free" if is_equal else "equal"
    asked["classes equal against free by wave"] = (
        partial(people.fitted, mixture, measurement=other),
        is_equal,
    )
    if people.covariates is not None:
        none = partial(people.without_covariates, mixture)
        asked["no covariates against covariates"] = none, False
    tests: dict[str, LikelihoodRatio | str] = {}
    for name, (other_model, is_special) in asked.items():
        try:
            one = other_model()
        except InformationError as error:
            tests[name] = str(error)
            continue
        tests[name] = found.against(one) if is_special else one.against(found)
    return tests
