"""`/api/v1/operations`: what takes longer than a request, begun by other calls."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from web.auth.access import Reader
from web.operations import Operation
from web.paging import Page
from web.problems import unknown
from web.state import TheBackend

router = APIRouter(prefix="/operations", tags=["operations"])
GOES_ON: dict[int | str, dict[str, Any]] = {
    202: {"description": "It goes on; Location is where to look"}
}
OperationId = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("", summary="Newest first; those of the process that answers, since it started")
def list_operations(backend: TheBackend, _who: Reader) -> Page[dict[str, Any]]:
    return Page(items=[one.as_json() for one in backend.operations.every()], next=None)


@router.get("/{operation_id}", summary="How one stands, and its result")
def show_operation(operation_id: OperationId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    found = backend.operations.get(operation_id)
    if found is None:
        raise unknown("operation", operation_id, "/api/v1/operations")
    return found.as_json()


def begun(operation: Operation, response: Response) -> dict[str, Any]:
    """200 for one that has ended already, 202 with its address for one that goes on."""
    if operation.is_running:
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = f"/api/v1/operations/{operation.id}"
    return operation.as_json()
