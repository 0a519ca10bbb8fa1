"""Latent classes and profiles: how many there are, and how well rows are told apart by them."""

from mixtura.classes.classification import Classification, classification
from mixtura.classes.enumeration import Enumeration, enumerate_classes

__all__ = ["Classification", "Enumeration", "classification", "enumerate_classes"]
