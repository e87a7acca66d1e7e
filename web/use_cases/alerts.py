"""Test the channels that alerts are sent to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.messages import Message

if TYPE_CHECKING:
    from alerts.channels import Channel
    from presentation.i18n.alert_messages import AlertMessage
    from web.audit_log import AuditLog, Principal


@dataclass(frozen=True)
class ChannelTrial:
    """A test notice to a channel; `refusal` is None when it was accepted, else the reason."""

    channel: str
    refusal: Message | None


class AlertUseCases:
    """Sends test notices."""

    def __init__(self, *, audit: AuditLog) -> None:
        self._audit = audit

    def test_channels(
        self,
        who: Principal,
        channels: Sequence[Channel],
        message: AlertMessage,
        on_sent: Callable[[ChannelTrial], None],
    ) -> None:
        """Send the message to every channel, one after the other; call `on_sent` after each.

        A channel that refuses does not stop the others and raises nothing.
        """
        with self._audit.action(who, "alerts.test", Message.of("channels_given", n=len(channels))):
            for channel in channels:
                on_sent(ChannelTrial(channel.name, channel.send(message)))
