"""Random fits against what holds for all of them; `sh tests/fuzz.sh SECONDS SEED` runs them."""
