"""Notification channels: where alerts are sent, by apprise's URLs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts import chat_webhooks
from core.errors import SettingsError
from presentation.i18n.alert_messages import Message

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

SETTING = "BATON_NOTIFY_URLS"
BETWEEN_URLS = re.compile(r"[\s,;]+(?=[A-Za-z0-9]+://)")  # as apprise parts them
SEND_SECS = 20.0  # for one message with all its requests
HTTP_CODE = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True)
class Channel:
    """Where messages go.

    `number` is its place in the setting, from 1. `id` tells it from the others in the database; it
    is a few digits of a hash, from which the address cannot be found.
    """

    number: int
    kind: str
    id: str
    plugin: NotifyBase

    @property
    def name(self) -> str:
        return f"{self.number} {self.kind}"

    def send(self, message: Message) -> str | None:
        """Send it, within SEND_SECS; None when it was accepted, else why not. Shows no address."""
        if chat_webhooks.is_robot(self.plugin):
            return chat_webhooks.send(self.plugin, f"{message.title}\n{message.body}")
        from apprise import Apprise, NotifyFormat, NotifyType

        kind = NotifyType.WARNING if message.is_bad else NotifyType.SUCCESS
        sender = Apprise(asset=self.plugin.asset)
        sender.add(self.plugin)
        answer = sender.notify(
            message.body, message.title, notify_type=kind, body_format=NotifyFormat.TEXT
        )
        if answer:
            return None
        said = " ".join(entry.message for entry in answer.logs())
        code = HTTP_CODE.search(said)
        if code:
            return f"refused with HTTP {code[1]}"
        if "did not finish" in said:
            return f"no answer within {SEND_SECS:.0f} s"
        return "could not be reached" if "onnection" in said else "not accepted"


def parse_channels(urls: str) -> tuple[Channel, ...]:
    """The channels of a list of URLs, separated by spaces or commas.

    Raises:
        SettingsError: says which one is wrong by its number, never what it is.
    """
    found = [url for url in BETWEEN_URLS.split(urls.strip()) if url]
    return tuple(_channel(number, url) for number, url in enumerate(found, start=1))


def _channel(number: int, url: str) -> Channel:
    # Reading its hundred plugins takes 0.4 s, which most commands can do without.
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(
        app_id="Baton", app_desc="Baton", app_url="", async_mode=False, service_timeout=SEND_SECS
    )
    plugin = Apprise.instantiate(url, asset=asset)
    if plugin is None:
        scheme = url.partition("://")[0].lower() if "://" in url else ""
        what = f"{scheme}:// is unknown, or misses a part" if scheme.isalnum() else "no URL"
        raise SettingsError(
            f"{SETTING}: number {number} in the list cannot be used ({what}); docs/operations.md"
            " shows how to write one"
        )
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return Channel(number=number, kind=str(plugin.service_name), id=digest, plugin=plugin)
