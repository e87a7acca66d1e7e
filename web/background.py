"""Use cases that take longer than a request may, begun as operations, for API and console alike."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from alerts.channels import SETTING
from core.messages import Message
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.renderer import renderer_for
from web.audit_log import Principal
from web.backend import Backend
from web.operations import Operation, Report
from web.problems import RequestRefusedError
from web.requests import Creator, NewWorks, ScanOfDay, WorksFile
from web.use_cases.alerts import ChannelTrial
from works.catalogue.import_files import WorkRows, parse_works
from works.catalogue.serialization import add_object

if TYPE_CHECKING:
    from distribution.daily.scanner import DayScan
    from distribution.intake.importer import Problem
    from distribution.intake.item_files import ItemFile, ItemKind
    from works.catalogue.uploads import DiscoveryResult

SHOWN_PROBLEMS = 100


def begin_adding_works(backend: Backend, who: Principal, given: NewWorks) -> Operation:
    """Begin to add videos by their links, in the background; return the operation.

    Raises:
        WrongFieldsError: there are no links, too many, or one is too long.
        InvalidInputError: a text names no video, or there is no such platform; nothing is added.
        RequestRefusedError: 409 while the same runs, or four other operations.
    """
    request = given.as_request(_platform(backend, given.platform))

    def add(stop: threading.Event, _report: Report) -> dict[str, Any]:
        results = backend.use_cases.works.add(who, request, stop)
        return {
            "added": sum(result.key is not None and result.is_new for result in results),
            "known": sum(result.key is not None and not result.is_new for result in results),
            "not_added": sum(result.key is None for result in results),
            "items": [add_object(result) | {"note": result.note} for result in results],
        }

    subject = Message.of("links_given", n=len(request.links))
    links = hashlib.sha256("\n".join(request.links).encode()).hexdigest()
    return backend.operations.begin("works.add", subject, who.name, add, identity=links)


def begin_importing_works(backend: Backend, who: Principal, given: WorksFile) -> Operation:
    """Begin to import videos from a file, in the background; return the operation.

    Rows that are wrong do not stop it: the result lists them.

    Raises:
        InvalidInputError: the file cannot be read as a whole.
        RequestRefusedError: 409 while a file of that name is imported, or four other operations
            run.
    """
    platform = _platform(backend, given.platform)
    rows = parse_works(given.content, given.name, platform, backend.calendar.zone)
    return begin_taking_works(backend, who, rows, given.name)


def begin_taking_works(backend: Backend, who: Principal, rows: WorkRows, name: str) -> Operation:
    """Begin to import videos that were read from a file called `name`; return the operation.

    Raises:
        RequestRefusedError: 409 while a file of that name is imported, or four other operations
            run.
    """

    def take_in(stop: threading.Event, _report: Report) -> dict[str, Any]:
        summary = backend.use_cases.works.import_rows(who, rows, name, stop)
        return {
            **vars(summary.changes),
            "repeats": summary.repeats,
            "unused_columns": list(rows.unused),
            "problem_count": len(summary.problems),
            "problems": list(summary.problems[:SHOWN_PROBLEMS]),
        }

    return backend.operations.begin("works.import", name, who.name, take_in)


def begin_taking_items(
    backend: Backend, who: Principal, kind: ItemKind, items: ItemFile, name: str, *, report: bool
) -> Operation:
    """Begin to take in a list of tasks, users or completions that was read from a file called
    `name`; return the operation.

    Raises:
        RequestRefusedError: 409 while a file of that name is taken in, or four other operations
            run.
    """

    def take_in(_stop: threading.Event, _report: Report) -> dict[str, Any]:
        taken = backend.use_cases.dramas.take_list(who, kind, items, name, report=report)
        return {
            **taken.counts,
            "problem_count": len(taken.problems),
            "problems": _placed(taken.problems, items),
            "left_out": _placed(taken.left_out, items),
        }

    return backend.operations.begin(f"{kind.value}.add", name, who.name, take_in)


def _placed(problems: Sequence[Problem], items: ItemFile) -> list[Message]:
    return [
        Message.of(
            "field_problem",
            field=items.places[problem.position],
            problem=Message.of("wrong_field", field=problem.field, reason=items.reason(problem)),
        )
        for problem in problems[:SHOWN_PROBLEMS]
    ]


def begin_discovering_works(backend: Backend, who: Principal, given: Creator) -> Operation:
    """Begin to add all uploads of a creator, in the background; return the operation.

    Raises:
        WrongFieldsError: the creator's id is malformed.
        RequestRefusedError: 409 while the same creator is discovered, or four other operations run.
    """
    request = given.as_request()

    def discover(stop: threading.Event, report: Report) -> dict[str, Any]:
        return _discovery_object(
            backend.use_cases.works.discover(
                who, request, stop, lambda so_far: report(_discovery_object(so_far))
            )
        )

    return backend.operations.begin("works.discover", request.uid, who.name, discover)


def begin_scanning(backend: Backend, who: Principal, given: ScanOfDay) -> Operation:
    """Begin to count a day's completions, in the background; return the operation.

    Raises:
        InvalidInputError: the day is in the future.
        RequestRefusedError: 409 while the same day is counted, or four other operations run.
    """
    request = given.as_request(backend.daily_scanner.yesterday)
    (day,) = backend.use_cases.dramas.days(request)

    def scan(stop: threading.Event, _report: Report) -> dict[str, Any]:
        scans: list[DayScan] = []
        backend.use_cases.dramas.scan(who, request, stop, scans.append)
        (found,) = scans
        return {
            "date": day.isoformat(),
            "dry_run": found.is_dry,
            "tasks": len(found.tasks),
            "completions": found.completion_count,
            "reports": found.reports,
            "incomplete": 0 if found.is_dry else found.incomplete,
            "to_fetch": found.to_fetch,
        }

    return backend.operations.begin("daily_stats.scan", request.as_message(), who.name, scan)


def begin_broadcast(backend: Backend, who: Principal) -> Operation:
    """Begin a broadcast round without waiting for its end; return the operation.

    Raises:
        RequestRefusedError: 409 while a round is in progress, here or in another process, or four
            other operations run.
    """
    state = backend.broadcaster.status()
    if state["is_running"]:
        reason = Message.of("round_under_way_since", since=state["started_at"])
        raise RequestRefusedError(HTTPStatus.CONFLICT, reason)

    def trigger(stop: threading.Event, _report: Report) -> dict[str, Any]:
        answer = backend.use_cases.broadcasts.trigger(who, stop)
        if not answer.success:
            raise RequestRefusedError(HTTPStatus.CONFLICT, answer.message)
        return {"total": answer.total, "succeeded": answer.succeeded, "failed": answer.failed}

    return backend.operations.begin("broadcaster.trigger", "", who.name, trigger)


def begin_channel_test(backend: Backend, who: Principal) -> Operation:
    """Begin to send a test notice to every channel; return the operation.

    Raises:
        RequestRefusedError: 409 when there is no channel, a test is in progress, or four other
            operations run.
    """
    channels = backend.channels()
    if not channels:
        reason = Message.of("channel_missing", setting=SETTING)
        raise RequestRefusedError(HTTPStatus.CONFLICT, reason)
    renderer = renderer_for(backend.settings.language, backend.calendar.zone)
    message = AlertRenderer(renderer).test_message(backend.host)

    def test(_stop: threading.Event, report: Report) -> dict[str, Any]:
        trials: list[ChannelTrial] = []

        def sent(trial: ChannelTrial) -> None:
            trials.append(trial)
            report(_trials_object(trials))

        backend.use_cases.alerts.test_channels(who, channels, message, sent)
        return _trials_object(trials)

    return backend.operations.begin("alerts.test", "", who.name, test)


def _platform(backend: Backend, name: str | None) -> str | None:
    return backend.platforms.named(name).name if name else None


def _discovery_object(result: DiscoveryResult) -> dict[str, Any]:
    return {"found": result.found, "told": result.announced, **vars(result.changes)}


def _trials_object(trials: Sequence[ChannelTrial]) -> dict[str, Any]:
    refused = [trial for trial in trials if trial.refusal is not None]
    return {
        "accepted": len(trials) - len(refused),
        "refused": len(refused),
        "channels": [{"channel": trial.channel, "refusal": trial.refusal} for trial in trials],
    }
