#!/bin/sh
# Within an image that is being built: store the demo image, start the server, and ask for it in every way. Proves that
# what is left of the packages works, and leaves the bytecode of just the modules that are used.
set -eu
export BOREHOLE_DATA_DIR=/tmp/trial/data BOREHOLE_DB_DIR=/tmp/trial/db BOREHOLE_LOG_DIR=/tmp/trial/logs
python -m app.ingestion --demo
python -m app &
server=$!
python -I -S -X pycache_prefix="$PYTHONPYCACHEPREFIX" - <<'P'
import time
import urllib.request

FRAMES = "/frames?image_id=1&depth_min=1510&depth_max=1511"
PICTURE = "/frames/image?image_id=1&height=500"
ASKED = ["/", "/docs", "/openapi.json", "/images", "/stats", "/colormaps", "/images/1/tiles/0/0.png", "/images/1/depths"]
ASKED += [f"{FRAMES}&format={name}" for name in ("json", "base64", "csv", "npy")]
ASKED += [f"{PICTURE}&format={name}" for name in ("png", "webp", "jpeg")]


def ask(path):
    return urllib.request.urlopen("http://127.0.0.1:8000" + path, timeout=30).read()


for attempt in range(120):
    try:
        ask("/health/ready")
        break
    except OSError:
        time.sleep(0.5)
for path in ASKED:
    assert ask(path), path
P
kill "$server"
wait "$server" || [ $? = 143 ]
rm -rf /tmp/trial
