"""What FastAPI itself costs: a route that does nothing but return bytes it has at hand."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response

BODY = Path(os.environ["REFERENCE_BODY"]).read_bytes()

app = FastAPI()


@app.get("/")
async def body() -> Response:
    return Response(BODY, media_type="image/png")
