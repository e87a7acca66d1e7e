"""`/api/v1/jobs`: what runs by schedule, how it went, and running it now."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from core.errors import InvalidInputError, JobBusyError
from jobs.serialization import job_object, run_object
from presentation.i18n.messages import API_RENDERER
from storage.crawling import job_runs
from storage.crawling.job_runs import JobRun, RunState
from storage.engines.transactions import Tx
from storage.operations import listings
from web.audit_log import ActionLog
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend

router = APIRouter(prefix="/jobs", tags=["jobs"])
JobName = Annotated[str, Path(max_length=64, description="from the list of jobs")]


@router.get("", summary="Jobs with their next and last runs")
def list_jobs(backend: TheBackend, _who: Reader) -> Page[dict[str, Any]]:
    now, last = backend.clock.now(), last_runs(backend)
    found = [
        job_object(job, last.get(job.name), now, API_RENDERER) for job in backend.launcher.jobs
    ]
    return Page(items=found, next=None)


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
def run_job(name: JobName, backend: TheBackend, actions: TheActions, who: Actor) -> dict[str, Any]:
    launch(name, backend, actions, who)
    last = last_runs(backend).get(name)
    return {"started": name, "run": run_object(last, API_RENDERER) if last else None}


def launch(name: str, backend: Backend, actions: ActionLog, who: Visitor) -> None:
    """Begin a run, and note who asked. Raises RequestRefusedError: 404, or 409 while another"
    " goes on."""
    with actions.action(who, "job.run", name):
        try:
            backend.launcher.launch(name)
        except InvalidInputError as error:
            raise RequestRefusedError(HTTPStatus.NOT_FOUND, API_RENDERER.sentence(error)) from error
        except JobBusyError as error:
            raise RequestRefusedError(HTTPStatus.CONFLICT, API_RENDERER.sentence(error)) from error


def last_runs(backend: Backend) -> dict[str, JobRun]:
    """The newest run of each job that has any."""

    def work(tx: Tx) -> list[JobRun]:
        return [run for job in backend.launcher.jobs for run in job_runs.of_job(tx, job.name, 1)]

    return {run.job: run for run in backend.database.read(work)}
