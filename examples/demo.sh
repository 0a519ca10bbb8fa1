#!/bin/sh
# Set mixtura up in .venv and fit the two data sets that come with it.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check '.[all]'
for name in faithful diabetes; do
    echo "== $name"
    .venv/bin/mixtura fit "examples/data/$name.csv" -o "out/$name"
done
echo
echo "Open out/faithful/report.html and out/diabetes/report.html."
