"""Numbers as readers take them in."""

import math
from decimal import Context, Decimal

__all__ = ["number", "number_of_log", "probability", "with_spread"]

# Floats have exponentials of numbers up to this, and those of less than its negative few digits.
LARGEST_LOG = 700.0
DIGITS = 20


def number(value: float) -> str:
    """Return a number of a parameter to five significant digits.

    Examples
    --------
    >>> number(1234567.0), number(0.000012345), number(54.4910)
    ('1234567', '1.2345e-05', '54.491')
    """
    size = abs(value)
    return f"{value:.0f}" if 99999.5 <= size < 999999999.5 else f"{value:.5g}"


def number_of_log(log_value: float) -> str:
    """Return a positive number given by its logarithm, be it beyond those of floats.

    Examples
    --------
    >>> number_of_log(0.0), number_of_log(-1000.0), number_of_log(1500.0)
    ('1', '5.0760e-435', '2.8593e+651')
    """
    if abs(log_value) < LARGEST_LOG:
        return number(math.exp(log_value))
    return f"{Decimal(log_value).exp(Context(prec=DIGITS)):.4e}"


def probability(value: float) -> str:
    """Return a p-value to four places, below which it is said to be less.

    Examples
    --------
    >>> probability(0.0117), probability(3e-9), probability(float("nan"))
    ('0.0117', '<0.0001', '')
    """
    if math.isnan(value):
        return ""
    return "<0.0001" if value < 5e-5 else f"{value:.4f}"


def with_spread(mean: float, deviation: float) -> str:
    """Return mean ± standard deviation: three digits of it, and the mean to one place more.

    Examples
    --------
    >>> with_spread(0.105181, 0.01934), with_spread(390.612, 138.63), with_spread(3e-20, 1e-20)
    ('0.10518 ± 0.0193', '390.6 ± 139', '3e-20 ± 1e-20')
    """
    if not (math.isfinite(mean) and math.isfinite(deviation) and deviation > 0):
        return f"{mean:.5g} ± {deviation:.3g}"
    places = 2 - math.floor(math.log10(deviation))
    if not -3 <= places <= 6:
        digits = max(5, places + 2 + int(math.log10(max(abs(mean), deviation))))
        return f"{mean:.{digits}g} ± {deviation:.3g}"
    places = max(places, 0)
    return f"{mean:.{places + 1}f} ± {deviation:.{places}f}"
