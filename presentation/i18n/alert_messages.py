"""Alerts as sentences: what is wrong, where, until when, what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.attribution import ALL, CircuitCause
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from presentation.i18n import advice
from presentation.i18n.command_lines import shell_word
from presentation.i18n.renderer import COUNT, Renderer
from storage.operations.alert_notices import News
from storage.operations.alerts import Alert, AlertKind

NUMBERS = (COUNT, "threshold", "views")  # shown as numbers: with separators, one or several
MAX_CHARS = 240  # of a headline: platforms' own words may be long


@dataclass(frozen=True)
class AlertMessage:
    """A message about alerts to a channel; `is_bad` when one of them was raised, not only
    resolved."""

    title: str
    body: str
    is_bad: bool


class AlertRenderer:
    """Renders alerts in the reader's language and time zone, with secrets redacted."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def headline(self, alert: Alert) -> str:
        """Return a line of at most 240 characters: what is wrong, where and until when."""
        code = f"alert_headline_{alert.kind}"
        if alert.facts.get("endpoint"):
            code = "alert_one_endpoint_of_way" if alert.facts.get("way") else "alert_one_endpoint"
        elif alert.facts.get("way"):
            is_silent = alert.facts.get("cause") == CircuitCause.NO_ANSWER
            code = "alert_silent_way" if is_silent else "alert_one_way"
            if is_silent and alert.until_at is None:
                code = "alert_silent_way_tried"
        # Redact before cutting: half a secret would not be recognised.
        text = redact(one_line(self._renderer.say(code, **self._parts(alert))))
        return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"

    def advice(self, alert: Alert) -> str:
        """Return a line with what to do now: a command, or that nothing is needed."""
        return redact(one_line(self._renderer.text(self._advice(alert))))

    def _advice(self, alert: Alert) -> Message:
        facts = alert.facts
        match alert.kind:
            case AlertKind.ACCOUNT_DISABLED:
                reason = Message.load(str(facts.get("reason", "")))
                return advice.on_disabled_account(str(facts.get("account", "")), reason)
            case AlertKind.CIRCUIT_OPEN:
                return advice.on_circuit(
                    str(facts.get("platform", "")),
                    str(facts.get("way") or ALL),
                    str(facts.get("endpoint") or ALL),
                    # Rows of older versions know of no cause but risk control.
                    str(facts.get("cause") or CircuitCause.RISK),
                )
            case AlertKind.ACCOUNTS_SUSPECT if facts.get("n") == 1:
                return advice.on_resting_account(str(facts.get("account", "")), is_suspect=True)
            case AlertKind.SESSION_EXPIRING:
                return Message("alert_sign_in", self._parts(alert))
            case _:
                return Message(f"alert_advice_{alert.kind}", self._parts(alert))

    def moment(self, moment: datetime) -> str:
        """Return a time in the reader's zone."""
        return str(self._renderer.shown(moment))

    def notice(self, alert: Alert, news: News) -> str:
        """Return an alert as a part of a message: raised with advice, resolved with its begin."""
        if news is News.RAISED:
            advice = self._renderer.say("alert_do", advice=self.advice(alert))
            return f"[!] {self.headline(alert)}\n{advice}"
        since = self._renderer.say("alert_lasted", moment=alert.since_at)
        return f"[{self._renderer.say('alert_is_over')}] {self.headline(alert)} ({since})"

    def message(
        self, host: str, notices: list[tuple[Alert, News]], max_notices: int
    ) -> AlertMessage:
        """Return one message for several alerts, with text for the first `max_notices` only.

        The others are counted. `host` is named in the title. `notices` are alerts with what there
        is to say of each: raised or resolved.
        """
        raised = sum(1 for _, news in notices if news is News.RAISED)
        resolved = len(notices) - raised
        title = self._renderer.say("alert_title", host=host, raised=raised, resolved=resolved)
        lines = [self.notice(alert, news) for alert, news in notices[:max_notices]]
        if len(notices) > max_notices:
            lines.append(self._renderer.say("alert_more", n=len(notices) - max_notices))
        return AlertMessage(title, "\n".join(lines), raised > 0)

    def test_message(self, host: str) -> AlertMessage:
        """Return the message that tests a channel."""
        title = self._renderer.say("alert_test_title", host=host)
        return AlertMessage(title, self._renderer.say("alert_test_body"), False)

    def _parts(self, alert: Alert) -> dict[str, object]:
        """Return the values for the braces of an alert's texts."""
        facts: dict[str, object] = {
            name: value if name in NUMBERS or isinstance(value, list) else str(value)
            for name, value in alert.facts.items()
        }
        for name in ("reason", "error"):
            if name in facts:
                facts[name] = self._renderer.stored(str(facts[name])) or "?"
        if "task_type" in facts:
            facts["kind"] = self._renderer.word("task_type", str(facts["task_type"]))
        # Rows of older versions know of no cause but risk control.
        cause = self._renderer.word("circuit_cause", str(alert.facts.get("cause", "risk")))
        if alert.facts.get("code"):
            cause = self._renderer.say("circuit_cause_code", cause=cause, code=alert.facts["code"])
        facts["cause"] = cause
        if "since" in facts:
            facts["since"] = datetime.fromisoformat(str(facts["since"]))
        facts["until"] = alert.until_at or "?"
        facts["egress_word"] = shell_word(str(facts.get("egress", "")))
        facts["word"] = shell_word(str(facts.get("account", "")))
        return facts
