#!/bin/sh
# Set the tests up in an environment of their own and run them.
set -eu
cd "$(dirname "$0")/.."
environment=${MIXTURA_TEST_ENVIRONMENT:-.venv-test}
echo "== setting up $environment: packages are fetched and kernels compiled where they are not there, for a minute or two"
[ -x "$environment/bin/python" ] || "${PYTHON:-python3}" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check -e '.[test]'
"$environment/bin/python" -m pytest -q -n auto --dist worksteal "$@"
