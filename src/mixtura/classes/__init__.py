"""Latent classes and profiles: how many there are, how well told apart, and what goes with them."""

from mixtura.classes.classification import Classification, classification
from mixtura.classes.covariates import ClassMembership
from mixtura.classes.distal import DistalOutcome, DistalOutcomes
from mixtura.classes.enumeration import Enumeration, enumerate_classes
from mixtura.classes.profile import ClassProfile, profile
from mixtura.classes.three_step import three_step
from mixtura.classes.wald import WaldTest

__all__ = [
    "ClassMembership",
    "ClassProfile",
    "Classification",
    "DistalOutcome",
    "DistalOutcomes",
    "Enumeration",
    "WaldTest",
    "classification",
    "enumerate_classes",
    "profile",
    "three_step",
]
