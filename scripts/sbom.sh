#!/usr/bin/env bash
# Write what the images have installed, with licences, as a CycloneDX bill of materials: scripts/sbom.sh sbom.cdx.json
# Needs uv.
set -euo pipefail
out=$(realpath "${1:-sbom.cdx.json}")
cd "$(dirname "$0")/.."
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
uv venv --quiet --python 3.11 "$packages/venv"
uv pip sync --quiet --python "$packages/venv" --only-binary :all: --require-hashes requirements.lock
uv tool run --quiet --from 'cyclonedx-bom>=7.5,<8' \
  cyclonedx-py environment "$packages/venv/bin/python" --output-reproducible --output-file "$out"
