#!/usr/bin/env bash
# Drive a server that `docker-compose up -d image-api` has started, as its users do, and clean up after it.
# To be run in the project's folder. BASE: where the server is, http://localhost:8000 if unset.
set -euo pipefail
cd "$(dirname "$0")/.."
base=${BASE:-http://localhost:8000}
mark=smoke-$$-$RANDOM
scratch=$(mktemp -d)

say() { echo "smoke: $*"; }
fail() {
  say "FAILED: $*" >&2
  exit 1
}

get() { curl -fsSL --max-time 10 "$base$1"; }
post() { curl -fsS --max-time 20 -X POST "$base$1"; }
field() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }

# eventually SECONDS WHAT COMMAND…: the command succeeds within the time.
eventually() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>"$scratch/last-error"; do
    [ $SECONDS -lt $deadline ] || fail "$what; $(tail -1 "$scratch/last-error")"
    sleep 0.3
  done
}

# A file of 85 rows unlike any other, that appears at once and complete.
drop() {
  python3 - "$scratch/$1" <<'P'
import random, sys

with open(sys.argv[1], "w") as file:
    print("depth", *(f"col{column}" for column in range(1, 201)), sep=",", file=file)
    for row in range(85):
        print(round(9201.9 + row * 0.1, 1), *(random.randrange(256) for _ in range(200)), sep=",", file=file)
P
  cp "$scratch/$1" "data/$1.part"
  mv "data/$1.part" "data/$1"
}

image_named() { get "/images?limit=1000" | field "next(i['image_id'] for i in d['images'] if i['name'] == '$1')"; }
running() { post "/pipeline/$1" | field "d['running']"; }

clean_up() {
  set +e
  for name in "$mark-a.csv" "$mark-b.csv"; do
    id=$(image_named "$name" 2>/dev/null) && curl -fsS -o /dev/null -X DELETE "$base/images/$id"
  done
  rm -rf data/"$mark"* data/processed/"$mark"* data/failed/"$mark"* "$scratch"
  curl -fsS -o /dev/null -X POST "$base/pipeline/start"
}

healthy() { [ "$(get /health | field "d['status']")" = ok ]; }
eventually 120 "the server is not healthy" healthy
get /health/ready >/dev/null || fail "healthy, and not ready"
say "healthy: version $(get /health | field "d['version'], 'build', d['build']")"
trap clean_up EXIT

[ "$(running start)" = True ] || fail "the pipeline does not run"
drop "$mark-a.csv"
eventually 30 "the dropped file is not among /images" image_named "$mark-a.csv"
id=$(image_named "$mark-a.csv")
say "dropped file is image $id"
eventually 10 "it is not in data/processed" test -f "data/processed/$mark-a.csv"
[ ! -e "data/$mark-a.csv" ] || fail "it still lies in data/"

window="image_id=$id&depth_min=9201.9&depth_max=9210.3"
is_png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]; }
for colormap in true false; do
  picture=$scratch/$colormap.png
  curl -fsSL --max-time 10 -H "Accept: image/png" "$base/frames/image?$window&colormap=$colormap" -o "$picture"
  is_png "$picture" || fail "/frames/image with colormap=$colormap is no PNG"
done
! cmp -s "$scratch/true.png" "$scratch/false.png" || fail "the coloured and the grey picture are the same"
[ "$(get "/frames?$window" | field "d['total_frames'], d['width']")" = "85 150" ] || fail "/frames has other rows"
get "/frames?$window&format=base64" | field "d['image']" | base64 -d >"$scratch/base64.png"
is_png "$scratch/base64.png" || fail "/frames with format=base64 holds no PNG"
for page in / /docs /stats /pipeline/status; do get "$page" >/dev/null || fail "$page"; done
for file in $(get /docs | grep -oE '(src|href)="[^"]+"' | cut -d'"' -f2); do
  case $file in /*) get "$file" >/dev/null || fail "$file of /docs" ;; *) fail "/docs needs the network: $file" ;; esac
done
say "pictures and numbers are right"

[ "$(running stop)" = False ] || fail "the pipeline does not stop"
drop "$mark-b.csv"
post /pipeline/scan >/dev/null
sleep 3
[ -e "data/$mark-b.csv" ] || fail "a stopped pipeline takes files"
say "stopped"

# By hand, where this is Docker's: with the pipeline stopped, the file is left for data-ingestion.
project=$(docker ps --filter label=com.docker.compose.service=image-api --filter "publish=$(echo "${base##*:}" | tr -d /)" \
  --format '{{.Label "com.docker.compose.project"}}' 2>/dev/null | head -1) || project=
compose() { docker compose -p "$project" "$@"; }
by_hand() {
  timeout 120 docker compose -p "$project" up --no-build data-ingestion </dev/null 2>&1 | sed 's/^/  /'
  docker inspect --format '{{.State.ExitCode}}' "$(compose ps -aq data-ingestion)" >"$scratch/exit-code"
}
if [ -n "$project" ]; then
  by_hand
  [ "$(cat "$scratch/exit-code")" = 0 ] || fail "data-ingestion failed"
  image_named "$mark-b.csv" >/dev/null || fail "what data-ingestion stored is not among /images"
  printf 'depth,col1\n1,x\n' >"data/$mark-bad.csv"
  by_hand
  [ "$(cat "$scratch/exit-code")" = 1 ] || fail "data-ingestion does not say that a file failed"
  [ -s "data/failed/$mark-bad.csv.error.json" ] || fail "no report of the bad file"
  say "data-ingestion works"
else
  say "no image-api container publishes $base: data-ingestion is not tried"
fi

[ "$(running start)" = True ] || fail "the pipeline does not start again"
eventually 30 "the second file is not among /images" image_named "$mark-b.csv"
get "/pipeline/history?limit=20" | field "next(j for j in d['jobs'] if j['name'] == '$mark-b.csv')['state']" | grep -qx stored ||
  fail "the history does not say that it is stored"
if [ -n "$project" ]; then
  server=$(compose ps -q image-api)
  stopping=$SECONDS
  docker stop -t 20 "$server" >/dev/null
  took=$((SECONDS - stopping))
  exit_code=$(docker inspect --format '{{.State.ExitCode}}' "$server")
  docker start "$server" >/dev/null
  [ "$exit_code" != 137 ] || fail "it had to be killed"
  eventually 60 "it does not come back" healthy
  image_named "$mark-a.csv" >/dev/null || fail "the image is gone after a restart"
  say "stopped within $took s and came back"
fi
say "all is well"
