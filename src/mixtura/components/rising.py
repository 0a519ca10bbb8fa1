"""Series of log Γ(x + r) - log Γ(r) for programs that have logarithms only."""

__all__ = ["ARTANH", "LARGEST_ARTANH", "LEAST_STIRLING", "STIRLING"]

# Stirling's series of log Γ(z) - (z - ½) log z + z - ½ log 2π by powers of 1/z, right to 1e-13 from
# this z on.
STIRLING = {1: 1 / 12, 3: -1 / 360, 5: 1 / 1260, 7: -1 / 1680}
LEAST_STIRLING = 10
# That of artanh(s) / s in s², from its end, right to the last digit below this s: log(1 + x/r) is
# 2 artanh(x / (2r + x)).
ARTANH, LARGEST_ARTANH = (13, 11, 9, 7, 5, 3, 1), 0.05
