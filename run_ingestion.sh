#!/usr/bin/env bash
# Ingest files by hand: ./run_ingestion.sh FILE…   (no FILE: everything in data/; --demo: a synthetic image)
#                       ./run_ingestion.sh --bulk FOLDER [--report FILE.csv] [--retry-failed]   (also s3://BUCKET/PREFIX)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
(cd "$here" && source ./scripts/venv.sh requirements.txt)
# Files are named relative to where you are; settings and folders are relative to the project.
files=()
for argument in "$@"; do
  case $argument in
    --*=s3://* | s3://*) files+=("$argument") ;;
    --*=[!/]*) files+=("${argument%%=*}=$PWD/${argument#*=}") ;;
    -* | /*) files+=("$argument") ;;
    *) files+=("$PWD/$argument") ;;
  esac
done
cd "$here"
exec .venv/bin/python -m app.ingestion "${files[@]}"
