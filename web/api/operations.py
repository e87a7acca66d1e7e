"""`/api/v1/operations`: work that takes longer than a request, begun by other calls."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from web.api.lists import ObjectPage, Page
from web.auth.access import Reader
from web.operations import Operation
from web.parameters import RowId
from web.problems import not_found
from web.state import TheBackend

router = APIRouter(prefix="/operations", tags=["operations"])
GOES_ON: dict[int | str, dict[str, Any]] = {
    202: {"description": "It goes on; Location is where to look"}
}


@router.get("", summary="The newest fifty of all hosts, newest first")
def list_operations(backend: TheBackend, _who: Reader) -> ObjectPage:
    operations = [operation.as_json() for operation in backend.operations.every()]
    return Page(items=operations, next=None)


@router.get("/{operation_id}", summary="How one stands, and its result")
def show_operation(operation_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    operation = backend.operations.get(operation_id)
    if operation is None:
        raise not_found("operation_not_found", operation_id=operation_id)
    return operation.as_json()


def begun(operation: Operation, response: Response) -> dict[str, Any]:
    """Return the operation as JSON, and set the status.

    200 for an operation that has ended already, 202 with its address in
    `Location` for one that runs.
    """
    if operation.is_running:
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = f"/api/v1/operations/{operation.id}"
    return operation.as_json()
