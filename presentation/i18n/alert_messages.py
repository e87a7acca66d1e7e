"""The texts of alerts in both languages: the trouble, its place and end, and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core import messages as stored_messages
from core.logs import redact
from core.plain_text import one_line
from presentation.i18n.chinese import CHINESE
from presentation.i18n.command_lines import shell_word
from presentation.i18n.english import ENGLISH
from presentation.i18n.texts import Texts
from storage.models.tasks import TaskType
from storage.operations.alert_notices import News
from storage.operations.alerts import Alert, AlertKind

SIGN_IN_MENDS = ("session_expired", "credentials_unusable")
MAX_CHARS = 240  # of a headline: platforms' own words may be long


@dataclass(frozen=True)
class AlertTexts:
    """The texts of one language, by kind; parts in braces are filled in from the alert."""

    headlines: Mapping[AlertKind, str]
    one_way: str
    advice: Mapping[AlertKind, str]
    sign_in: str
    open: str
    over: str
    lasted: str
    do: str
    more: str
    title: str
    test_title: str
    test_body: str


ENGLISH_ALERTS = AlertTexts(
    headlines={
        AlertKind.ACCOUNT_DISABLED: "account {account} ({platform}) is disabled: {reason}",
        AlertKind.ACCOUNTS_SPENT: "{platform}: exports wait until {until}: {reason}",
        AlertKind.BREAKER_OPEN: "{platform} is left alone until {until} after risk control",
        AlertKind.SESSION_EXPIRING: "the session of account {account} ({platform}) ends at {until}",
        AlertKind.TASK_FAILED: "task {task} ({kind} {domain}, {platform}) failed: {error}",
    },
    one_way="{platform} is left alone on the way {way} until {until} after risk control",
    advice={
        AlertKind.ACCOUNT_DISABLED: "python cli.py accounts explain {word}",
        AlertKind.ACCOUNTS_SPENT: "nothing, or add an account: it goes on by itself",
        AlertKind.BREAKER_OPEN: "nothing: it is tried again by itself; if it comes back, slow down",
        AlertKind.TASK_FAILED: "python cli.py tasks resume {task}",
    },
    sign_in="python cli.py accounts import {word} FILE",
    open="alert",
    over="over",
    lasted="since {moment}",
    do="what to do: {advice}",
    more="and {n} more: python cli.py alerts list",
    title="Baton on {host}: {raised} new, {resolved} over",
    test_title="Baton on {host}: a test",
    test_body="If you can read this, alerts arrive here.",
)

CHINESE_ALERTS = AlertTexts(
    headlines={
        AlertKind.ACCOUNT_DISABLED: "账号 {account}（{platform}）已禁用：{reason}",
        AlertKind.ACCOUNTS_SPENT: "{platform}：导出等待至 {until}：{reason}",
        AlertKind.BREAKER_OPEN: "{platform} 遇到风控，暂停访问至 {until}",
        AlertKind.SESSION_EXPIRING: "账号 {account}（{platform}）的会话将于 {until} 到期",
        AlertKind.TASK_FAILED: "任务 {task}（{kind} {domain}，{platform}）失败：{error}",
    },
    one_way="{platform} 的出口 {way} 遇到风控，暂停访问至 {until}",
    advice={
        AlertKind.ACCOUNT_DISABLED: "python cli.py accounts explain {word}",
        AlertKind.ACCOUNTS_SPENT: "无需操作，届时自动继续；也可以添加账号",
        AlertKind.BREAKER_OPEN: "无需操作，届时自动重试；若反复出现，请放慢节奏",
        AlertKind.TASK_FAILED: "python cli.py tasks resume {task}",
    },
    sign_in="python cli.py accounts import {word} 文件",
    open="告警",
    over="已恢复",
    lasted="始于 {moment}",
    do="处理办法：{advice}",
    more="另有 {n} 条：python cli.py alerts list",
    title="Baton（{host}）：新告警 {raised} 条，恢复 {resolved} 条",
    test_title="Baton（{host}）：测试",
    test_body="能看到这条消息，说明告警可以送达这里。",
)


@dataclass(frozen=True)
class AlertMessage:
    """A message to a channel; `is_bad` when an alert was raised, and not only resolved."""

    title: str
    body: str
    is_bad: bool


class AlertRenderer:
    """Renders alerts in the reader's language and time zone, with secrets redacted."""

    def __init__(self, *, texts: Texts, zone: ZoneInfo) -> None:
        self._texts = texts
        self._zone = zone
        self._renderer = texts.renderer(zone)
        self.alert = CHINESE_ALERTS if texts is CHINESE else ENGLISH_ALERTS

    def headline(self, alert: Alert) -> str:
        """Return a line of at most 240 characters: what is wrong, where and until when."""
        form = self.alert.headlines[alert.kind]
        if alert.facts.get("way"):
            form = self.alert.one_way
        # Redact before cutting: half a secret would not be recognised.
        text = redact(one_line(form.format(**self._parts(alert))))
        return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"

    def advice(self, alert: Alert) -> str:
        """Return a line with what to do now: a command, or that nothing is needed."""
        reason = stored_messages.Message.load(str(alert.facts.get("reason", "")))
        sign_in = alert.kind is AlertKind.SESSION_EXPIRING or reason.code in SIGN_IN_MENDS
        form = self.alert.sign_in if sign_in else self.alert.advice[alert.kind]
        return redact(one_line(form.format(**self._parts(alert))))

    def moment(self, moment: datetime) -> str:
        """Return a time to the minute, in the reader's zone."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def notice(self, alert: Alert, news: News) -> str:
        """Return an alert as a part of a message: raised with advice, resolved with its begin."""
        if news is News.RAISED:
            return f"[!] {self.headline(alert)}\n{self.alert.do.format(advice=self.advice(alert))}"
        since = self.alert.lasted.format(moment=self.moment(alert.raised_at))
        return f"[{self.alert.over}] {self.headline(alert)} ({since})"

    def message(
        self, host: str, notices: list[tuple[Alert, News]], max_notices: int
    ) -> AlertMessage:
        """Return one message for several alerts, with text for the first `max_notices` only.

        The others are counted. `host` is named in the title.
        """
        raised = sum(1 for _, news in notices if news is News.RAISED)
        title = self.alert.title.format(host=host, raised=raised, resolved=len(notices) - raised)
        lines = [self.notice(alert, news) for alert, news in notices[:max_notices]]
        if len(notices) > max_notices:
            lines.append(self.alert.more.format(n=len(notices) - max_notices))
        return AlertMessage(title, "\n".join(lines), raised > 0)

    def test_message(self, host: str) -> AlertMessage:
        """Return the message that tests a channel."""
        return AlertMessage(self.alert.test_title.format(host=host), self.alert.test_body, False)

    def _parts(self, alert: Alert) -> dict[str, str]:
        """Return the values for the braces of an alert's texts."""
        facts = {name: str(value) for name, value in alert.facts.items()}
        for name in ("reason", "error"):
            if name in facts:
                facts[name] = self._renderer.stored(facts[name]) or "?"
        if "task_type" in facts:
            facts["kind"] = self._texts.task_types[TaskType(facts["task_type"])]
        facts["until"] = self.moment(alert.until_at) if alert.until_at else "?"
        facts["word"] = shell_word(facts.get("account", ""))
        return facts


def log_renderer(zone: ZoneInfo) -> AlertRenderer:
    """Return the renderer for logs, which are in English."""
    return AlertRenderer(texts=ENGLISH, zone=zone)
