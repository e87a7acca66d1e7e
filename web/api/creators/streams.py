"""`/api/v1/creators/export.csv` and `.jsonl`: all creators that a list means, as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from core.requests import MAX_ID
from presentation.creator_views import creator_object, csv_text
from web.api.creators.filters import TheStreamQuery
from web.auth.access import Actor
from web.backend import Backend
from web.state import TheBackend
from web.use_cases.creators import CreatorStream

router = APIRouter(prefix="/creators", tags=["creators"])
Most = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="creators at most; null: all of them")
]


@router.get(
    "/export.csv",
    summary="Read a list as CSV, within the token's rows of a day",
    response_class=StreamingResponse,
)
def stream_csv(
    asked: TheStreamQuery, backend: TheBackend, who: Actor, limit: Most = None
) -> StreamingResponse:
    stream = backend.use_cases.creators.stream(who, asked.wanted, asked.sort, limit)
    return _download(_csv(stream, backend), "text/csv; charset=utf-8", "creators.csv")


@router.get(
    "/export.jsonl",
    summary="Read a list as JSON lines; the last one says whether it is complete",
    response_class=StreamingResponse,
)
def stream_jsonl(
    asked: TheStreamQuery, backend: TheBackend, who: Actor, limit: Most = None
) -> StreamingResponse:
    stream = backend.use_cases.creators.stream(who, asked.wanted, asked.sort, limit)
    lines = _json_lines(stream, backend, with_raw=asked.with_raw)
    return _download(lines, "application/jsonl", "creators.jsonl")


def _csv(stream: CreatorStream, backend: Backend) -> Iterator[bytes]:
    """Yield CSV with a byte order mark, as Excel needs it."""
    is_first = True
    for page in stream.pages():
        text = csv_text(page, backend.platforms, with_header=is_first)
        yield text.encode("utf-8-sig" if is_first else "utf-8")
        is_first = False
    if is_first:
        yield csv_text((), backend.platforms, with_header=True).encode("utf-8-sig")


def _json_lines(stream: CreatorStream, backend: Backend, *, with_raw: bool) -> Iterator[bytes]:
    for page in stream.pages():
        objects = (creator_object(row, backend.platforms, with_raw=with_raw) for row in page)
        yield "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects).encode()
    ending = {"complete": stream.is_complete, "rows": stream.rows}
    yield (json.dumps(ending) + "\n").encode()


def _download(content: Iterator[bytes], media_type: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=media_type, headers=headers)
