"""Translation of the database's English reasons: why something waits, or was disabled."""

from __future__ import annotations

import re
import shlex

from presentation.i18n.texts import Texts
from storage.models.tasks import TaskType

COUNTED = "n"
DISABLED_TOO = re.compile(r"; (\d+) accounts? (?:is|are) disabled")
FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(form, re.DOTALL))
    for name, form in (
        ("expired", r"session expired(?:: (?P<detail>.*))?"),
        ("banned", r"banned(?:: (?P<detail>.*))?"),
        ("credentials", r"credentials(?:: (?P<detail>.*))?"),
        ("throttled", r"throttled(?:: (?P<detail>.*))?"),
        ("risk", r"risk control(?:: (?P<detail>.*))?"),
        ("operator", r"by the operator"),
        ("new_session", r"a new session(?: was imported)?"),
        ("limit", r"limit (?P<rows>\d+) a day"),
        ("limit_changed", r"from (?P<before>\d+) to (?P<rows>\d+) a day"),
        ("hand_over", r"quota of (?P<day>\S+) used up by (?P<domain>.*), last_id=(?P<last>\d+)"),
        ("no_account", r"no account for (?P<platform>\S+)"),
        ("only_disabled", r"all 1 accounts? (?:is|are) disabled"),
        ("all_disabled", r"all (?P<n>\d+) accounts? (?:is|are) disabled"),
        ("no_quota", r"no account has an export quota"),
        ("given_back", r"an account was just given back"),
        ("busy", r"(?P<n>\d+) accounts? (?:is|are) busy"),
        ("cooling", r"(?P<n>\d+) accounts? (?:is|are) cooling down"),
        ("turn", r"(?P<n>\d+) accounts? waits? for the next turn"),
        ("spent", r"(?P<n>\d+) accounts? ha(?:s|ve) used up the quota of (?P<day>\S+)"),
        ("proxy", r"its proxy does not let it through(?:: (?P<detail>.*))?"),
        ("probe_passed", r"the probe passed; on probation"),
        ("recovered", r"healthy again after (?P<good>\d+) good answers"),
        ("left_alone", r"(?P<platform>\S+) is left alone for (?P<secs>\d+) s after risk control"),
        ("no_answer", r"no answer(?: (?P<detail>.*))?"),
        (
            "quota_reset",
            r"quota day (?P<day>\S+): accounts with a new quota (?P<n>\d+),"
            r" tasks woken (?P<tasks>\d+)",
        ),
        ("sessions", r"sessions looked at: (?P<n>\d+)"),
        ("server_error", r"server error(?: (?P<detail>.*))?"),
    )
)


def translate_reason(texts: Texts, text: str) -> str:
    """Return a reason in the language of `texts`; a text that is no known reason stays as it is.

    A platform's own words come last, in parentheses.
    """
    others = DISABLED_TOO.search(text)
    if others:
        accounts = texts.count("account", int(others[1]))
        disabled = texts.reasons["also_disabled"].format(accounts=accounts)
        return translate_reason(texts, text[: others.start()]) + disabled
    for name, form in FORMS:
        found = form.fullmatch(text)
        if found:
            parts = {key: _formatted(value) for key, value in found.groupdict().items()}
            detail = parts.pop("detail", "")
            if COUNTED in parts:
                parts["accounts"] = texts.count("account", int(found[COUNTED]))
            translated = texts.reasons[name].format(**parts)
            return f"{translated} ({_without_parentheses(detail)})" if detail else translated
    return text


def start_command(task_type: TaskType, domain: str) -> str:
    """Return the command that works on a task of that type and domain."""
    name = "start_crawl" if task_type is TaskType.INGESTION else "start_export"
    return f"python cli.py {name} --domain {shell_word(domain)}"


def shell_word(text: str) -> str:
    """Return a text quoted as the shell needs it."""
    return text if re.fullmatch(r"\w[\w.+-]*", text) else shlex.quote(text)


def _formatted(value: str | None) -> str:
    return f"{int(value):,}" if value and value.isdigit() else value or ""


def _without_parentheses(detail: str) -> str:
    # The detail is put into parentheses: those that it has around all of it would be doubled.
    inner = detail[1:-1]
    whole = detail.startswith("(") and detail.endswith(")") and not set("()") & set(inner)
    return inner if whole else detail
