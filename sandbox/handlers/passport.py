"""Bilibili's sign-in: a QR code is shown and polled; a session tells whether it needs a refresh.

Unlike the platform's, the cookies are neither `Secure` nor bound to its domain, so that a client
on http://127.0.0.1 keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from urllib.parse import quote

from sandbox import envelopes
from sandbox.accounts import Standing
from sandbox.clock import WorldClock
from sandbox.desk import Handler
from sandbox.handlers.bilibili_door import Door
from sandbox.identities import Identities
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.qr_codes import Poll, QrCodes, QrState
from sandbox.sessions import LIFETIME_SECS, Session

_SCAN_URL = (
    "https://account.bilibili.com/h5/account-h5/auth/scan-web"
    "?navhide=1&callback=close&qrcode_key={}&from="
)
_DONE_URL = "https://passport.biligame.com/x/passport-login/web/crossDomain?{}"
_MESSAGES = {
    QrState.WAITING: "未扫码",
    QrState.SCANNED: "二维码已扫码未确认",
    QrState.EXPIRED: "二维码已失效",
}


@dataclass(frozen=True, slots=True)
class Passport:
    """Answers the sign-in's requests."""

    door: Door
    codes: QrCodes
    identities: Identities
    clock: WorldClock

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/x/passport-login/web/qrcode/generate"): self.generate,
            ("GET", "/x/passport-login/web/qrcode/poll"): self.poll,
            ("GET", "/x/passport-login/web/cookie/info"): self.cookie_info,
        }

    def generate(self, request: Request) -> Reply:
        """A new QR code."""
        self._count(request)
        key = self.codes.show()
        data = {"url": _SCAN_URL.format(key), "qrcode_key": key}
        return self.door.quiet(request, envelopes.success(data))

    def poll(self, request: Request) -> Reply:
        """How a QR code stands; the envelope's own code is 0 in every state."""
        self._count(request)
        key = request.params.get("qrcode_key", "")
        if not key:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        poll = self.codes.poll(key)
        envelope = envelopes.success(_poll_data(poll.state))
        if poll.state is not QrState.DONE:
            return self.door.quiet(request, envelope)
        return self.door.quiet(request, envelope, partial(self._done, key, poll))

    def _done(self, key: str, poll: Poll) -> Reply:
        """The one answer that hands out the session; the code is worth nothing afterwards."""
        self.codes.move(key, QrState.EXPIRED)
        session = self._sign_in(poll)
        cookies = _cookies(session, self.identities.mid(session.account))
        query = "&".join(f"{name}={value}" for name, value in cookies.items())
        data = _poll_data(poll.state) | {
            "url": _DONE_URL.format(query),
            "refresh_token": session.csrf[::-1],
            "timestamp": int(self.clock() * 1000),
        }
        expires = formatdate(session.ends_at, usegmt=True)
        return replace(
            json_reply(envelopes.success(data)),
            set_cookies=tuple(
                f"{name}={value}; Path=/; Expires={expires}" for name, value in cookies.items()
            ),
        )

    def cookie_info(self, request: Request) -> Reply:
        """Whether the session should be refreshed: `refresh` is true thirty days before its end."""
        standing = self.door.look(request)
        if standing is not Standing.WELCOME:
            is_banned = standing is Standing.BANNED
            code = envelopes.BANNED if is_banned else envelopes.NOT_SIGNED_IN
            return json_reply(envelopes.failure(code))
        csrf = request.params.get("csrf", "")
        if csrf and csrf != request.cookies.get("bili_jct", ""):
            return json_reply(envelopes.failure(envelopes.BAD_CSRF))
        wants = self.door.sessions.wants_refresh(self.door.session(request))
        data = {"refresh": wants, "timestamp": int(self.clock() * 1000)}
        return self.door.quiet(request, envelopes.success(data))

    def _sign_in(self, poll: Poll) -> Session:
        sessions, accounts = self.door.sessions, self.door.desk.accounts
        if not accounts.is_welcome(poll.account):
            sessions.end(poll.account, self.clock())  # a new session does not mend the old one
        accounts.signed_in(poll.account)
        return sessions.issue(poll.account, poll.lasts_secs or LIFETIME_SECS)

    def _count(self, request: Request) -> None:
        self.door.desk.stats.requested(self.door.desk.platform, request.path)


def _poll_data(state: QrState) -> Json:
    return {
        "url": "",
        "refresh_token": "",
        "timestamp": 0,
        "code": state.value,
        "message": _MESSAGES.get(state, ""),
    }


def _cookies(session: Session, mid: int) -> dict[str, str]:
    return {
        "SESSDATA": quote(session.sessdata, safe=""),
        "bili_jct": session.csrf,
        "DedeUserID": str(mid),
        "DedeUserID__ckMd5": session.csrf[:16],
        "sid": session.csrf[16:24],
    }
