"""`/api/v1/jobs`: scheduled jobs, their runs, and running one now."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from core.errors import InvalidInputError, JobBusyError
from jobs.serialization import job_object, run_object
from presentation.i18n.renderer import API_RENDERER
from storage.crawling.job_runs import RunState
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.lookups import last_runs
from web.paging import Page, Paging, page_of
from web.parameters import JobName
from web.problems import refused_as
from web.state import TheBackend

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("", summary="Jobs with their next and last runs")
def list_jobs(backend: TheBackend, _who: Reader) -> Page[dict[str, Any]]:
    now, last = backend.clock.now(), last_runs(backend)
    jobs = [job_object(job, last.get(job.name), now, API_RENDERER) for job in backend.launcher.jobs]
    return Page(items=jobs, next=None)


@router.get("/runs", summary="Runs, newest first")
def list_runs(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    job: Annotated[str | None, Query(description="only of this job")] = None,
    state: Annotated[RunState | None, Query(description="only in this state")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.job_runs(tx, part, job, state),
        partial(run_object, renderer=API_RENDERER),
    )


@router.post("/{name}/run", summary="Begin a run now", status_code=HTTPStatus.ACCEPTED)
def run_job(name: JobName, backend: TheBackend, who: Actor) -> dict[str, Any]:
    with (
        refused_as(HTTPStatus.NOT_FOUND, InvalidInputError),
        refused_as(HTTPStatus.CONFLICT, JobBusyError),
    ):
        backend.use_cases.jobs.launch(who, name)
    last = last_runs(backend).get(name)
    return {"started": name, "run": run_object(last, API_RENDERER) if last else None}
