"""Scheduled jobs: next and past runs, and running one now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from storage.crawling.job_runs import RunState
from storage.operations import listings
from web.console.list_view import TheList
from web.console.visits import Acting, Reading, action
from web.lookups import last_runs
from web.parameters import JobName

router = APIRouter(include_in_schema=False)


@router.get("")
def jobs(
    visit: Reading,
    view: TheList,
    job: Annotated[str, Query()] = "",
    state: Annotated[str, Query()] = "",
) -> Response:
    """Show the scheduled jobs with their next and last runs, and the runs that match."""
    wanted = RunState(state) if state in set(RunState) else None
    backend = visit.backend
    now = backend.clock.now()
    return visit.list_page(
        "jobs",
        view,
        lambda tx, part: listings.job_runs(tx, part, job or None, wanted),
        jobs=[(job, job.schedule.next_after(now)) for job in backend.launcher.jobs],
        last=last_runs(backend),
        states=RunState,
        chosen=(job, wanted),
    )


@router.post("/{name}/run")
@action
def run(name: JobName, visit: Acting) -> str:
    """Begin a run of a job now."""
    visit.use_cases.jobs.launch(visit.who, name)
    return visit.say("Job {name} was started.", name=name)
