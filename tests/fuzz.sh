#!/bin/sh
# Fit random data in random ways for SECONDS, from SEED, and check what holds for every fit (seeds
# from 1000 up draw thin, gappy and heavy data of unlike scales, and huge counts, from 2000 up noise,
# gaps, exposures and bound numbers in every family, from 100 000 up later estimators, from
# 10 000 000 000 up groups, columns, directions, clusters, waves and formulas of fits); with
# MODELS and TABLES, read so many damaged and crafted files instead: sh tests/fuzz.sh files 100000 5000 0.
set -eu
cd "$(dirname "$0")/.."
environment=${MIXTURA_TEST_ENVIRONMENT:-.venv-test}
export PYTHONPATH="tests${PYTHONPATH:+:$PYTHONPATH}"
if [ "${1:-}" = files ]; then
    shift
    exec "$environment/bin/python" -m fuzzing.strangers "${1:-100000}" "${2:-5000}" "${3:-0}"
fi
exec "$environment/bin/python" -m fuzzing "${1:-600}" "${2:-0}"
