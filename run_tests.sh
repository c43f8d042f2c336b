#!/usr/bin/env bash
# Run every test, on all cores, with coverage; arguments go to pytest (./run_tests.sh tests/test_api.py -k frames).
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/venv.sh requirements-dev.txt
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
exec .venv/bin/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report=term
