#!/usr/bin/env bash
# Start the server: makes .venv and installs what it needs the first time. Settings: BOREHOLE_* (see README).
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/venv.sh requirements.txt
exec .venv/bin/python -m app
