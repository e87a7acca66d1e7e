"""`jobs …`: the scheduled jobs, their times and their runs."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated

import typer

from app.container import App
from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.lease_context import leases_renewed
from commands.framework.options import AsJson
from commands.framework.reader import column_of, is_chinese, shown, table_of, text_of, word
from commands.framework.signals import drain_on_signals
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from core.schedule import Schedule
from jobs.due import Job
from jobs.serialization import job_object, run_object, schedule_object
from presentation.i18n.renderer import ENGLISH_RENDERER, renderer_for
from presentation.json_rows import plain
from storage.crawling import job_runs
from storage.crawling.job_runs import JobRun, RunState

Name = Annotated[str, typer.Argument(help="the job's name, from `jobs list`")]


def list_jobs(as_json: AsJson = False) -> None:
    """List jobs: when they run next, and how they ended last."""
    with opened_app() as app:
        now = app.clock.now()
        last = {job.name: _last_run(app, job) for job in app.jobs.all}
        if as_json:
            renderer = renderer_for("en", app.calendar.zone)
            result_json([job_object(job, last[job.name], now, renderer) for job in app.jobs.all])
            return
        table = table_of(
            (
                "job",
                "schedule",
                "next run",
                "last run",
                "state",
                column_of("result", is_long=True),
            )
        )
        for job in app.jobs.all:
            table.add(_cells(app, job, last[job.name], now))
        result_table(table)


def run(
    name: Name,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="only if its newest time has no run yet (timers)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a job now, and wait for its end.

    With --scheduled it does the newest scheduled time, unless another process does or did.
    """
    with opened_app(1, services=True) as app:
        job = _job(app, name)
        drain_on_signals(app.jobs.runner.stop)
        with leases_renewed(app, "jobs", app.jobs.runner.stop):
            own_run = app.use_cases.jobs.run(system_user(app), job, scheduled=scheduled)
        # Where another process did the job, its run is shown.
        newest = own_run or app.database.read(job_runs.job_state, job.name, app.clock.now()).newest
    if as_json:
        result_json(run_object(newest, ENGLISH_RENDERER) if newest else None)
    elif newest is not None:
        result(_run_line(newest))
    if own_run is None:
        say(Message.of("job_up_to_date", job=job.name))
        return
    if own_run.state is not RunState.SUCCEEDED:
        raise typer.Exit(Exit.INTERRUPTED if app.jobs.runner.is_stopping else Exit.ERROR)


def preview(
    name: Name,
    count: Annotated[int, typer.Option(min=1, max=1000, help="how many times")] = 5,
    schedule: Annotated[
        str | None, typer.Option("--schedule", help='another cron text to try, "0 2 * * 1"')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the next times of a job, or of a schedule to try."""
    with opened_app() as app:
        job = _job(app, name)
        chosen = _schedule(job.schedule, schedule)
        times = list(islice(chosen.after(app.clock.now()), count))
    if as_json:
        result_json(schedule_object(chosen) | {"times": [plain(at) for at in times]})
        return
    result(
        Message.of(
            "job_schedule_line",
            job=job.name,
            description=_description(job),
            cron=chosen.cron,
            schedule=_described(chosen),
        )
    )
    for at in times:
        result(f"{at.astimezone(chosen.zone):%a %Y-%m-%d %H:%M %Z}  {at:%Y-%m-%d %H:%M} UTC")


def _job(app: App, name: str) -> Job:
    """Return the job with that name, in which dashes stand for underscores too.

    Raises:
        InvalidInputError: there is no such job; it names the known ones.
    """
    for job in app.jobs.all:
        if job.name == name.replace("-", "_"):
            return job
    names = [job.name for job in app.jobs.all]
    raise InvalidInputError("job_unknown_name", name=repr(name), names=names)


def _schedule(own: Schedule, cron: str | None) -> Schedule:
    """Return `cron` in the job's time zone, or the job's own schedule for None."""
    if cron is None:
        return own
    try:
        return Schedule(cron, own.zone)
    except ValueError as error:
        raise InvalidInputError("schedule_unusable", detail=error) from error


def _last_run(app: App, job: Job) -> JobRun | None:
    found = app.database.read(job_runs.of_job, job.name, 1)
    return found[0] if found else None


def _cells(app: App, job: Job, last: JobRun | None, now: datetime) -> tuple[str, ...]:
    zone = app.calendar.zone
    coming = text_of(Message.of("job_switched_off", switch=job.switch))
    if job.enabled:
        coming = f"{job.schedule.next_after(now).astimezone(zone):%Y-%m-%d %H:%M}"
    if last is None:
        return job.name, _described(job.schedule), coming, word("never"), "", ""
    at = f"{last.scheduled_at.astimezone(zone):%Y-%m-%d %H:%M}"
    ended = word(last.state)
    return job.name, _described(job.schedule), coming, at, ended, shown(last.result)


def _run_line(run: JobRun) -> Message:
    moment = f"{run.scheduled_at:%Y-%m-%d %H:%M}"
    state = word(run.state)
    if not run.result:
        return Message.of("job_run_line", job=run.job, moment=moment, state=state)
    return Message.of(
        "job_run_line_result", job=run.job, moment=moment, state=state, result=shown(run.result)
    )


def _described(schedule: Schedule) -> str:
    # The library that explains a cron text knows English only.
    if not is_chinese():
        return schedule.describe()
    return text_of(Message.of("cron_in_zone", cron=schedule.cron, zone=schedule.zone.key))


def _description(job: Job) -> str:
    return text_of(Message(f"job_does_{job.name}"))


GROUP = Group({"list": list_jobs, "run": run, "preview": preview})
