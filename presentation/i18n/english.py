"""The texts of the terminal in English."""

from __future__ import annotations

from presentation.i18n.language import Language
from presentation.i18n.texts import Texts
from storage.crawling.job_runs import RunState
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor

ENGLISH = Texts(
    language=Language.ENGLISH,
    accounts="Accounts",
    account="account",
    task="task",
    state="state",
    quota="export quota today",
    progress="progress",
    rate="rate",
    note="note",
    of_pages="{done}/{all} pages",
    new="new",
    rows_waiting="{n} waiting",
    until="until",
    now_and_day_end="{now} {zone} · quota day turns at {end}",
    today="today {exported} exported, {left} left in {accounts}",
    done_in="{kind} done in ~{time}",
    no_accounts="no accounts yet; add one with: python cli.py accounts import NAME FILE",
    no_tasks="no open tasks",
    more="and {n} more: {counts}",
    draining="finishing the pages and files in hand ... (Ctrl-C again: stop at once)",
    sealed="sealed {rows}  {file}",
    spent="spent",
    stopped_state="stopped",
    nobody="no process works on it; go on with: {command}",
    ended="{kind} {domain} done, {count}",
    ended_failed="{kind} {domain} failed: {error}",
    no_creators="the platform has no creators for '{domain}'; check the spelling",
    interrupted="interrupted; the same command goes on from here",
    stopped="stopped; everything is handed back",
    task_paused="task {id} is paused; go on with: python cli.py tasks resume {id}",
    task_failed="task {id} failed: {error}",
    all_spent=(
        "all accounts have used up their quota of the day; the export goes on at {until}:"
        " run the same command then, or leave `python cli.py run` running (or give --wait)"
    ),
    person_needed=(
        "{reason}; see `python cli.py accounts list`, then enable one or import a fresh session."
        " The task stays open."
    ),
    demo_done="{exported} of {creators} of {domain} exported by {accounts}:",
    verify_passed="verify: passed",
    verify_failed="verify: FAILED: {problems}",
    login_scan=(
        "Scan it with the Bilibili app and confirm, within {secs} s. If it does not fit the window,"
        " make the window wider, or open this address on the phone: {url}"
    ),
    login_scanned="scanned; now confirm on the phone",
    login_expired="the code has expired; here is a new one",
    login_again="asking again",
    login_stopped="sign-in stopped; nothing was changed",
    nouns={
        "account": ("{n} account", "{n} accounts"),
        "page": ("{n} page", "{n} pages"),
        "creator": ("{n} creator", "{n} creators"),
        "row": ("{n} row", "{n} rows"),
        "file": ("{n} file", "{n} files"),
    },
    durations={"secs": "{n} s", "minutes": "{n} min", "hours": "{n} h {minutes} min"},
    account_states={
        AccountStatus.IDLE: "idle",
        AccountStatus.INGESTING: "crawling",
        AccountStatus.EXPORTING: "exporting",
        AccountStatus.DISABLED: "disabled",
    },
    task_states={
        TaskStatus.PENDING: "pending",
        TaskStatus.IN_PROGRESS: "running",
        TaskStatus.PAUSED: "paused",
        TaskStatus.COMPLETED: "done",
        TaskStatus.FAILED: "failed",
    },
    task_types={TaskType.INGESTION: "crawl", TaskType.EXPORT: "export"},
    job_states={
        RunState.RUNNING: "begun",
        RunState.SUCCEEDED: "done",
        RunState.FAILED: "failed",
        RunState.MISSED: "missed",
    },
    rates={TaskType.INGESTION: "{n} creators/s", TaskType.EXPORT: "{n} rows/s"},
    waits={
        WaitingFor.ACCOUNT: "waits for an account",
        WaitingFor.QUOTA: "waits for the next quota day",
        WaitingFor.ROWS: "waits for creators",
        WaitingFor.PLATFORM: "platform trouble, tries again",
        WaitingFor.DISK: "cannot write, tries again",
    },
    event_kinds={
        "hand_over": "hand-over",
        "cooldown": "rests",
        "disabled": "disabled",
        "enabled": "enabled",
        "added": "added",
        "limit_changed": "limit changed",
        "session_replaced": "new session",
        "suspect": "suspect, rests",
        "probation": "on probation",
        "recovered": "healthy again",
        "spared": "not its fault",
        "session_checked": "session checked",
    },
)
