#!/bin/sh
# Set mixtura up in .venv and fit the three data sets that come with it.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
echo "== setting up .venv: packages are fetched and kernels compiled, for a minute or two"
.venv/bin/python -m pip install --quiet --disable-pip-version-check '.[cli]'
for name in faithful diabetes; do
    echo "== $name"
    # Without the classes of the diabetes data.
    .venv/bin/mixtura fit "examples/data/$name.csv" --family gaussian -o "out/$name" --force
done
echo "== carcinoma"
.venv/bin/mixtura fit examples/data/carcinoma.csv --family categorical -o out/carcinoma --force
echo
echo "Open out/faithful/report.html, out/diabetes/report.html and out/carcinoma/report.html."
