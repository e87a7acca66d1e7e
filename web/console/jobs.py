"""Scheduled jobs: next and past runs, and running one now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from storage.crawling.job_runs import RunState
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.screens import TheScreens
from web.lookups import last_runs
from web.paging import read_page
from web.parameters import JobName
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/jobs"


@router.get("")
def jobs(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
    job: Annotated[str, Query()] = "",
    state: Annotated[str, Query()] = "",
) -> Response:
    """Show the scheduled jobs with their next and last runs, and the runs that match."""
    wanted = RunState(state) if state in set(RunState) else None
    found, more = read_page(
        backend.database,
        view.part,
        lambda tx, part: listings.job_runs(tx, part, job or None, wanted),
    )
    now = backend.clock.now()
    return screens.page(
        request,
        "jobs",
        visitor,
        section="Jobs",
        view=view,
        items=found,
        more=more,
        jobs=[(job, job.schedule.next_after(now)) for job in backend.launcher.jobs],
        last=last_runs(backend),
        states=RunState,
        chosen=(job, wanted),
    )


@router.post("/{name}/run")
def run(name: JobName, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Begin a run of a job now."""

    def act() -> str:
        backend.use_cases.jobs.launch(who, name)
        return language_of(request).say("Job {name} was started.", name=name)

    return acted(request, HOME, act)
