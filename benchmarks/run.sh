#!/bin/sh
# Set the peers up and run one benchmark: sh benchmarks/run.sh sweep.py
set -eu
cd "$(dirname "$0")/.."
[ -x .venv-bench/bin/python ] || "${PYTHON:-python3}" -m venv .venv-bench
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -e '.[all]' \
    -r benchmarks/requirements.txt
script=$1
shift
exec .venv-bench/bin/python "benchmarks/$script" "$@"
