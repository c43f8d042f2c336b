#!/usr/bin/env bash
# Run every test with coverage; arguments go to pytest (./run_tests.sh tests/test_api.py -k frames).
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/venv.sh requirements-dev.txt
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
.venv/bin/python -m coverage erase
.venv/bin/python -m coverage run -m pytest
.venv/bin/python -m coverage combine --quiet
.venv/bin/python -m coverage report
