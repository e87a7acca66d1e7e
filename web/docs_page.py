"""`/docs` and `/openapi.json`: the API's description, with Swagger UI from our own files."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from web.auth.access import Reader

router = APIRouter(include_in_schema=False)
# Its addresses are relative: it may be published below a root path.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Baton API</title>
<link rel="icon" href="static/icon.svg">
<link rel="stylesheet" href="static/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="static/docs.js"></script>
</body>
</html>
"""


@router.get("/docs")
def docs(_who: Reader) -> HTMLResponse:
    """Show Swagger UI."""
    return HTMLResponse(PAGE)


@router.get("/openapi.json")
def openapi(request: Request, _who: Reader) -> JSONResponse:
    """Return the API's description."""
    described: dict[str, Any] = request.app.openapi()
    return JSONResponse(described)
