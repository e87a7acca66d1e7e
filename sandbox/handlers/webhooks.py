"""Receivers of webhooks under `/webhooks/BEHAVIOUR[/NAME]`, and what they got.

A receiver is told apart by its name (default: its behaviour). `POST /__sandbox__/webhooks` with
`{"name", "behaviour", "times", "secrets", "retry_after", "delay_secs"}` changes how it behaves,
whatever its path says; `GET` shows what came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.handlers.control_bodies import BadControlError, body_object, number, refuse, text
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.webhook_signatures import DEFAULT_SECRET, GOOD, check, is_secret
from sandbox.webhooks import Inboxes, Order

_HUGE_BYTES = 10_000_000
_GARBAGE = bytes(range(256)) * 16 + b"\r\n\r\n"
BEHAVIOURS = (
    *("ok", "error", "half", "slow", "redirect", "gone", "throttle", "drop", "huge", "garbage"),
    "signed",
)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Takes what is posted, and misbehaves as its path or an order says."""

    inboxes: Inboxes
    wall: Callable[[], float]

    def routes(self) -> Mapping[tuple[str, str], Callable[[Request], Reply]]:
        """The control calls."""
        return {
            ("GET", "/__sandbox__/webhooks"): self.show,
            ("POST", "/__sandbox__/webhooks"): self.give_order,
        }

    def route(self, request: Request) -> Reply | None:
        """The answer of a receiver; None for any other path."""
        parts = request.path.strip("/").split("/")
        if parts[0] != "webhooks" or not 2 <= len(parts) <= 3 or parts[1] not in BEHAVIOURS:
            return None
        name = parts[-1]
        order = self.inboxes.order(name)
        event_id = request.headers.get("webhook-id", "")
        signature = check(request.headers, request.body, order.secrets, self.wall())
        behaviour = order.behaviour or parts[1]
        if behaviour == "half":
            behaviour = "error" if self.inboxes.is_unlucky(name, event_id) else "ok"
        reply = _reply(behaviour, order, signature)
        said = 0 if reply.dropped or reply.raw is not None else reply.status
        self.inboxes.note(name, event_id, said, signature, request.body)
        return reply

    def show(self, _: Request) -> Reply:
        """What came, by receiver."""
        return json_reply({"receivers": self.inboxes.snapshot()})

    def give_order(self, request: Request) -> Reply:
        """Change how a receiver behaves; HTTP 400 if the order is not understood."""
        try:
            body = body_object(request)
            self.inboxes.give(text(body, "name"), _order(body))
        except BadControlError as error:
            return refuse(error)
        return json_reply({"ordered": True})


def _order(body: Json) -> Order:
    behaviour = text(body, "behaviour", "ok")
    if behaviour not in BEHAVIOURS:
        raise BadControlError(f"behaviour must be one of {', '.join(BEHAVIOURS)}")
    secrets = body.get("secrets", [DEFAULT_SECRET])
    if not isinstance(secrets, list) or not all(map(is_secret, map(str, secrets))):
        raise BadControlError("secrets must be a list of whsec_ and base64")
    times = int(number(body, "times", -1))
    return Order(
        behaviour=behaviour,
        times=None if times < 0 else times,
        secrets=tuple(secrets),
        retry_after_secs=int(number(body, "retry_after", 60)),
        delay_secs=number(body, "delay_secs", 30),
    )


def _reply(behaviour: str, order: Order, signature: str) -> Reply:
    good = json_reply({"ok": True})
    replies = {
        "error": lambda: json_reply({"error": "something broke"}, 500),
        "slow": lambda: Reply(good.body, delay_secs=order.delay_secs),
        "redirect": lambda: Reply(status=302, headers=(("Location", "/webhooks/ok/elsewhere"),)),
        "gone": lambda: json_reply({"error": "this webhook is no more"}, 410),
        "throttle": lambda: Reply(
            b"{}", 429, headers=(("Retry-After", str(order.retry_after_secs)),)
        ),
        "drop": lambda: Reply(dropped=True),
        "huge": lambda: Reply(b"x" * _HUGE_BYTES),
        "garbage": lambda: Reply(raw=_GARBAGE),
        "signed": lambda: good if signature == GOOD else json_reply({"error": "signature"}, 401),
    }
    return replies.get(behaviour, lambda: good)()
