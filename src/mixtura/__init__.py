"""Finite mixture models fitted by expectation-maximisation."""
