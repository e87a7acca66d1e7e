"""Control calls for sign-in: the phone that scans, and sessions that end at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.accounts import Accounts
from sandbox.clock import WorldClock
from sandbox.desk import Handler
from sandbox.handlers.control_bodies import BadControlError, body_object, number, refuse, text
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.qr_codes import QrCodes, QrState
from sandbox.sessions import LIFETIME_SECS, Sessions

_STEPS = {"scan": QrState.SCANNED, "confirm": QrState.DONE, "expire": QrState.EXPIRED}


@dataclass(frozen=True, slots=True)
class SessionControl:
    """What tests do to Bilibili's sign-in and sessions."""

    accounts: Accounts
    sessions: Sessions
    codes: QrCodes
    clock: WorldClock

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("POST", "/__sandbox__/scan"): self.scan,
            ("POST", "/__sandbox__/expire"): self.expire,
            ("POST", "/__sandbox__/revive"): self.revive,
        }

    def scan(self, request: Request) -> Reply:
        """{"step": "scan"|"confirm"|"expire", "qrcode_key" (default: the newest), "account",
        "lasts_secs"}; `account` is needed to confirm."""
        try:
            body = body_object(request)
            step, key = text(body, "step"), text(body, "qrcode_key", "") or self.codes.newest()
            if step not in _STEPS:
                raise BadControlError(f"step must be one of {', '.join(_STEPS)}")
            account = text(body, "account", None if step == "confirm" else "")
            lasts_secs = number(body, "lasts_secs", LIFETIME_SECS)
        except BadControlError as error:
            return refuse(error)
        if not self.codes.move(key, _STEPS[step], account, lasts_secs):
            return refuse(BadControlError("no such code, or it has expired", 404))
        return json_reply({"qrcode_key": key, "code": _STEPS[step].value})

    def expire(self, request: Request) -> Reply:
        """{"account" or "everybody": true, "in_secs" (default 0)}: all sessions that the account
        has now, or every account, end then."""
        try:
            body = body_object(request)
            account, in_secs = _whose(body), number(body, "in_secs", 0)
        except BadControlError as error:
            return refuse(error)
        ends_at = self.clock() + in_secs
        if account is None:
            self.sessions.end_all(ends_at)
        else:
            self.sessions.end(account, ends_at)
        return json_reply({"account": account, "ends_at": ends_at})

    def revive(self, request: Request) -> Reply:
        """{"account"}: lifts a ban or an expiry. {"everybody": true}: the expiry of everybody."""
        try:
            account = _whose(body_object(request))
        except BadControlError as error:
            return refuse(error)
        if account is None:
            self.sessions.revive_all()
            return json_reply({"account": None})
        self.sessions.revive(account)
        self.accounts.revive(account)
        return json_reply({"account": account})


def _whose(body: Json) -> str | None:
    """Return the account that a call is about; None for everybody."""
    if body.get("everybody") is not True:
        return text(body, "account")
    if "account" in body:
        raise BadControlError("account and everybody cannot be given together")
    return None
