"""Finite mixture models fitted by expectation-maximisation, for data of any size."""

from importlib import import_module

# Not from typing: nothing else is loaded here, so that the command soon hears an interrupt.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mixtura.automatic import fit
    from mixtura.checkpoints import checkpoint
    from mixtura.classes import (
        Classification,
        ClassMembership,
        ClassProfile,
        ClassRegression,
        DistalOutcome,
        DistalOutcomes,
        Enumeration,
        Invariance,
        LatentTransition,
        LittleTest,
        ModelFit,
        WaldTest,
        classification,
        enumerate_classes,
        invariance_test,
        latent_transition,
        little_test,
        model_fit,
        one_step,
        profile,
        three_step,
    )
    from mixtura.components.dirichlet import Dirichlet
    from mixtura.components.gaussian.conjugate import NormalInverseWishart
    from mixtura.data.count_files import read_counts
    from mixtura.data.dataset import Dataset
    from mixtura.data.draws import Draws
    from mixtura.data.joints import joint_items
    from mixtura.data.opening import dataset
    from mixtura.deconvolution import DeconvolvedGaussianMixture
    from mixtura.discriminant import GaussianMixtureClassifier, MixtureClassifier
    from mixtura.errors import (
        BoundaryError,
        CheckpointError,
        CheckpointWarning,
        DataError,
        DegenerateComponentWarning,
        DisagreementWarning,
        DriftWarning,
        EngineError,
        InformationError,
        LikelihoodDecreased,
        MixturaError,
        MixturaWarning,
        ModelFileError,
        NonIdentifiableError,
        ParameterError,
    )
    from mixtura.estimators import (
        BernoulliMixture,
        BetaBinomialMixture,
        BetaMixture,
        BinomialMixture,
        CategoricalMixture,
        ContaminatedMixture,
        DirichletMultinomialMixture,
        FactorAnalyserMixture,
        GammaMixture,
        GaussianMixture,
        GeometricMixture,
        HurdleNegativeBinomialMixture,
        HurdlePoissonMixture,
        MixedMixture,
        MultinomialMixture,
        NegativeBinomialMixture,
        PoissonMixture,
        StudentTMixture,
        VonMisesMixture,
        ZeroInflatedNegativeBinomialMixture,
        ZeroInflatedPoissonMixture,
        select,
    )
    from mixtura.grouped import GroupedMixtures, fit_by
    from mixtura.inference.survey import SurveyDesign
    from mixtura.inspection import Inspection, inspect
    from mixtura.intervals import IntervalGaussianMixture
    from mixtura.loading import load
    from mixtura.mixture import Mixture
    from mixtura.mixture.typical import top_items
    from mixtura.regressions import MixtureRegressor
    from mixtura.scoring import Assignments, assignments
    from mixtura.versions import show_versions

__version__ = "0.1.0"

__all__ = [
    "Assignments",
    "BernoulliMixture",
    "BetaBinomialMixture",
    "BetaMixture",
    "BinomialMixture",
    "BoundaryError",
    "CategoricalMixture",
    "CheckpointError",
    "CheckpointWarning",
    "ClassMembership",
    "ClassProfile",
    "ClassRegression",
    "Classification",
    "ContaminatedMixture",
    "DataError",
    "Dataset",
    "DeconvolvedGaussianMixture",
    "DegenerateComponentWarning",
    "Dirichlet",
    "DirichletMultinomialMixture",
    "DisagreementWarning",
    "DistalOutcome",
    "DistalOutcomes",
    "Draws",
    "DriftWarning",
    "EngineError",
    "Enumeration",
    "FactorAnalyserMixture",
    "GammaMixture",
    "GaussianMixture",
    "GaussianMixtureClassifier",
    "GeometricMixture",
    "GroupedMixtures",
    "HurdleNegativeBinomialMixture",
    "HurdlePoissonMixture",
    "InformationError",
    "Inspection",
    "IntervalGaussianMixture",
    "Invariance",
    "LatentTransition",
    "LikelihoodDecreased",
    "LittleTest",
    "MixedMixture",
    "MixturaError",
    "MixturaWarning",
    "Mixture",
    "MixtureClassifier",
    "MixtureRegressor",
    "ModelFileError",
    "ModelFit",
    "MultinomialMixture",
    "NegativeBinomialMixture",
    "NonIdentifiableError",
    "NormalInverseWishart",
    "ParameterError",
    "PoissonMixture",
    "StudentTMixture",
    "SurveyDesign",
    "VonMisesMixture",
    "WaldTest",
    "ZeroInflatedNegativeBinomialMixture",
    "ZeroInflatedPoissonMixture",
    "assignments",
    "checkpoint",
    "classification",
    "dataset",
    "enumerate_classes",
    "fit",
    "fit_by",
    "inspect",
    "invariance_test",
    "joint_items",
    "latent_transition",
    "little_test",
    "load",
    "model_fit",
    "one_step",
    "profile",
    "read_counts",
    "select",
    "show_versions",
    "three_step",
    "top_items",
]

# Where names are found that are not in estimators.
PLACES = {
    "Assignments": "mixtura.scoring",
    "ClassMembership": "mixtura.classes",
    "ClassProfile": "mixtura.classes",
    "ClassRegression": "mixtura.classes",
    "Classification": "mixtura.classes",
    "Dataset": "mixtura.data.dataset",
    "Dirichlet": "mixtura.components.dirichlet",
    "DeconvolvedGaussianMixture": "mixtura.deconvolution",
    "DistalOutcome": "mixtura.classes",
    "DistalOutcomes": "mixtura.classes",
    "Draws": "mixtura.data.draws",
    "Enumeration": "mixtura.classes",
    "GaussianMixtureClassifier": "mixtura.discriminant",
    "GroupedMixtures": "mixtura.grouped",
    "Inspection": "mixtura.inspection",
    "IntervalGaussianMixture": "mixtura.intervals",
    "Invariance": "mixtura.classes",
    "LatentTransition": "mixtura.classes",
    "LittleTest": "mixtura.classes",
    "ModelFit": "mixtura.classes",
    "Mixture": "mixtura.mixture",
    "MixtureClassifier": "mixtura.discriminant",
    "MixtureRegressor": "mixtura.regressions",
    "NormalInverseWishart": "mixtura.components.gaussian.conjugate",
    "SurveyDesign": "mixtura.inference.survey",
    "WaldTest": "mixtura.classes",
    "assignments": "mixtura.scoring",
    "checkpoint": "mixtura.checkpoints",
    "classification": "mixtura.classes",
    "dataset": "mixtura.data.opening",
    "enumerate_classes": "mixtura.classes",
    "fit": "mixtura.automatic",
    "fit_by": "mixtura.grouped",
    "inspect": "mixtura.inspection",
    "invariance_test": "mixtura.classes",
    "joint_items": "mixtura.data.joints",
    "latent_transition": "mixtura.classes",
    "little_test": "mixtura.classes",
    "model_fit": "mixtura.classes",
    "load": "mixtura.loading",
    "one_step": "mixtura.classes",
    "profile": "mixtura.classes",
    "read_counts": "mixtura.data.count_files",
    "show_versions": "mixtura.versions",
    "three_step": "mixtura.classes",
    "top_items": "mixtura.mixture.typical",
}


def __getattr__(name: str) -> object:
    """Load what is asked for, or a room by its name."""
    if name in __all__:
        errs = name.endswith(("Error", "Warning", "Decreased"))
        place = PLACES.get(name, "mixtura.errors" if errs else "mixtura.estimators")
        value = getattr(import_module(place), name)
    elif name.startswith("_"):
        raise AttributeError(f"module 'mixtura' has no attribute '{name}'")
    else:
        try:
            value = import_module(f"mixtura.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"mixtura.{name}":
                raise
            raise AttributeError(f"module 'mixtura' has no attribute '{name}'") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
