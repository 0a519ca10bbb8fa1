"""Latent classes and profiles: how many there are, how well told apart, and what goes with them."""

from mixtura.classes.classification import Classification, classification
from mixtura.classes.distal import DistalOutcome, DistalOutcomes
from mixtura.classes.enumeration import Enumeration, enumerate_classes
from mixtura.classes.invariance import Invariance, ItemInvariance, invariance_test
from mixtura.classes.latent_transition import latent_transition
from mixtura.classes.missing_at_random import LittleTest, little_test
from mixtura.classes.model_fit import model_fit
from mixtura.classes.multiple_groups import GroupModel
from mixtura.classes.profile import ClassProfile, profile
from mixtura.classes.regression import ClassRegression, LikelihoodRatio, one_step
from mixtura.classes.statistics import ModelFit
from mixtura.classes.three_step import three_step
from mixtura.classes.transitions import LatentTransition
from mixtura.covariates.logit import ClassMembership
from mixtura.inference.wald import WaldTest

__all__ = [
    "ClassMembership",
    "ClassProfile",
    "ClassRegression",
    "Classification",
    "DistalOutcome",
    "DistalOutcomes",
    "Enumeration",
    "GroupModel",
    "Invariance",
    "ItemInvariance",
    "LatentTransition",
    "LikelihoodRatio",
    "LittleTest",
    "ModelFit",
    "WaldTest",
    "classification",
    "enumerate_classes",
    "invariance_test",
    "latent_transition",
    "little_test",
    "model_fit",
    "one_step",
    "profile",
    "three_step",
]
