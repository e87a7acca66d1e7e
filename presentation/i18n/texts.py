"""The texts of the terminal, as a catalogue of each language must have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from presentation.i18n.language import Language
from presentation.i18n.renderer import FrontEnd, Renderer
from storage.crawling.job_runs import RunState
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor

HOUR_SECS, MINUTE_SECS = 3600, 60


@dataclass(frozen=True)
class Texts:
    """The texts of one language; parts in braces are filled in.

    `nouns` have a form for one and a form for several.
    """

    language: Language
    accounts: str
    account: str
    task: str
    state: str
    quota: str
    progress: str
    rate: str
    note: str
    of_pages: str
    new: str
    rows_waiting: str
    until: str
    now_and_day_end: str
    today: str
    done_in: str
    no_accounts: str
    no_tasks: str
    more: str
    draining: str
    sealed: str
    spent: str
    stopped_state: str
    nobody: str
    ended: str
    ended_failed: str
    no_creators: str
    interrupted: str
    stopped: str
    task_paused: str
    task_failed: str
    all_spent: str
    person_needed: str
    demo_done: str
    verify_passed: str
    verify_failed: str
    login_scan: str
    login_scanned: str
    login_expired: str
    login_again: str
    login_stopped: str
    nouns: Mapping[str, tuple[str, str]]
    durations: Mapping[str, str]
    account_states: Mapping[AccountStatus, str]
    task_states: Mapping[TaskStatus, str]
    task_types: Mapping[TaskType, str]
    job_states: Mapping[RunState, str]
    rates: Mapping[TaskType, str]
    waits: Mapping[WaitingFor, str]
    event_kinds: Mapping[str, str]

    def renderer(self, zone: tzinfo, front_end: FrontEnd = FrontEnd.TERMINAL) -> Renderer:
        """Return the renderer of messages in the language of these texts."""
        return Renderer(self.language, zone, front_end)

    def count(self, noun: str, number: int) -> str:
        """Return a number with its noun: `1 file`, `2,000 files`. Raise
        KeyError for an unknown noun."""
        singular, plural = self.nouns[noun]
        return (singular if number == 1 else plural).format(n=f"{number:,}")

    def duration(self, secs: float) -> str:
        """Return a remaining time, rounded to 5 s or to minutes, as precise as an estimate is."""
        if secs < MINUTE_SECS:
            return self.durations["secs"].format(n=max(5, round(secs / 5) * 5))
        minutes = round(secs / MINUTE_SECS)
        if minutes < MINUTE_SECS:
            return self.durations["minutes"].format(n=minutes)
        hours, rest = divmod(minutes, 60)
        return self.durations["hours"].format(n=f"{hours:,}", minutes=rest)
