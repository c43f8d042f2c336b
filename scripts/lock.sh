#!/usr/bin/env bash
# Pin what requirements*.txt allow, with hashes, for the images: requirements.lock, …-cluster.lock, …-dev.lock.
#     scripts/lock.sh             after a change of requirements*.txt: what is pinned stays where it still fits
#     scripts/lock.sh --upgrade   everything to its newest release
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v .venv/bin/uv || command -v uv) || {
  echo "uv is needed: .venv/bin/pip install -r requirements-dev.txt" >&2
  exit 1
}
lock() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
    --custom-compile-command scripts/lock.sh "$@"
}
# The longest list first: what the others pin has to suit it, too.
lock requirements-dev.txt --output-file requirements-dev.lock "$@"
lock requirements-cluster.txt --constraints requirements-dev.lock --output-file requirements-cluster.lock "$@"
lock requirements.txt --constraints requirements-cluster.lock --output-file requirements.lock "$@"
