"""Notification channels: where alerts are sent, as apprise URLs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts import chat_webhooks
from alerts.chat_webhooks import SEND_SECS
from core.errors import SettingsError
from core.messages import Message
from presentation.i18n.alert_messages import AlertMessage

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

SETTING = "BATON_NOTIFY_URLS"
# apprise splits lists of URLs at the same places.
URL_SEPARATOR = re.compile(r"[\s,;]+(?=[A-Za-z0-9]+://)")
HTTP_CODE = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True)
class Channel:
    """A destination of notifications.

    Args:
        number: its position in the setting, from 1.
        kind: the service as apprise names it, such as `DingTalk`.
        id: 8 hex digits of the URL's hash, by which the database names it: the URL may be secret.
        plugin: the apprise plugin that the URL was parsed into.
    """

    number: int
    kind: str
    id: str
    plugin: NotifyBase

    @property
    def name(self) -> str:
        """Return number and kind, as logs and commands show a channel."""
        return f"{self.number} {self.kind}"

    def send(self, message: AlertMessage) -> Message | None:
        """Send a message within SEND_SECS.

        Returns None when it was accepted, else the reason, in which the URL never appears; a
        channel that does not answer raises nothing.
        """
        if chat_webhooks.is_chat_webhook(self.plugin):
            return chat_webhooks.send(self.plugin, f"{message.title}\n{message.body}")
        from apprise import Apprise, NotifyFormat, NotifyType

        kind = NotifyType.WARNING if message.is_bad else NotifyType.SUCCESS
        sender = Apprise(asset=self.plugin.asset)
        sender.add(self.plugin)
        result = sender.notify(
            message.body, message.title, notify_type=kind, body_format=NotifyFormat.TEXT
        )
        if result:
            return None
        # apprise returns no reason: it has to be read from what its plugin logged.
        output = " ".join(entry.message for entry in result.logs())
        code = HTTP_CODE.search(output)
        if code:
            return Message.of("channel_refused_http", status=int(code[1]))
        if "did not finish" in output:
            return Message.of("no_answer_within", secs=SEND_SECS)
        if "onnection" in output:
            return Message.of("channel_unreachable")
        return Message.of("channel_not_accepted")


def parse_channels(urls: str) -> tuple[Channel, ...]:
    """Return the channels of a list of apprise URLs, separated by spaces, commas or semicolons.

    Empty for an empty text.

    Raises:
        SettingsError: a URL cannot be used; it is named by its number, as it may hold a secret.
    """
    parts = [url for url in URL_SEPARATOR.split(urls.strip()) if url]
    return tuple(_channel(number, url) for number, url in enumerate(parts, start=1))


def _channel(number: int, url: str) -> Channel:
    # Imported here: apprise loads a hundred plugins in 0.4 s, and most commands need none.
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(
        app_id="Baton", app_desc="Baton", app_url="", async_mode=False, service_timeout=SEND_SECS
    )
    plugin = Apprise.instantiate(url, asset=asset)
    if plugin is None:
        scheme = url.partition("://")[0].lower() if "://" in url else ""
        problem = Message.of("notify_url_malformed")
        if scheme.isalnum():
            problem = Message.of("notify_scheme_unknown", scheme=scheme)
        raise SettingsError("notify_url_unusable", setting=SETTING, number=number, problem=problem)
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return Channel(number=number, kind=str(plugin.service_name), id=digest, plugin=plugin)
