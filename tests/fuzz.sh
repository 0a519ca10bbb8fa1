#!/bin/sh
# Fit random data in random ways for SECONDS, from SEED, and check what holds for every fit.
set -eu
cd "$(dirname "$0")/.."
environment=${MIXTURA_TEST_ENVIRONMENT:-.venv-test}
PYTHONPATH=tests${PYTHONPATH:+:$PYTHONPATH} exec "$environment/bin/python" -m fuzzing "${1:-600}" "${2:-0}"
