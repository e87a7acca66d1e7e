"""Control calls for logins: who is behind a session, and cookies that change by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.cookie_changes import CookieChanges
from sandbox.desk import Handler
from sandbox.handlers.control_bodies import BadControlError, body_object, number, refuse, text
from sandbox.identities import Identities
from sandbox.messages import Json, Reply, Request, json_reply

_MAX_MID = 10**16


@dataclass(frozen=True, slots=True)
class IdentityControl:
    """What tests do to the login behind an account."""

    identities: Identities
    cookies: CookieChanges

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("POST", "/__sandbox__/identity"): self.identity,
            ("POST", "/__sandbox__/renew"): self.renew,
            ("POST", "/__sandbox__/logout"): self.logout,
        }

    def identity(self, request: Request) -> Reply:
        """{"account", "mid" or "same_as": another account}: whose login the account is."""
        try:
            body = body_object(request)
            account = text(body, "account")
            mid = self._mid(body)
        except BadControlError as error:
            return refuse(error)
        self.identities.decide(account, mid)
        return json_reply({"account": account, "mid": mid})

    def renew(self, request: Request) -> Reply:
        """{"account"}: its next answer brings a new session; the request after it ends the old."""
        try:
            account = text(body_object(request), "account")
        except BadControlError as error:
            return refuse(error)
        self.cookies.renew(account)
        return json_reply({"account": account})

    def logout(self, request: Request) -> Reply:
        """{"account", "ends" (default true)}: its next answer empties the session cookie; `ends`:
        the session is over as well."""
        try:
            body = body_object(request)
            account, ends = text(body, "account"), body.get("ends", True)
            if not isinstance(ends, bool):
                raise BadControlError("ends must be true or false")
        except BadControlError as error:
            return refuse(error)
        self.cookies.empty(account, ends=ends)
        return json_reply({"account": account, "ends": ends})

    def _mid(self, body: Json) -> int:
        if "same_as" in body:
            return self.identities.mid(text(body, "same_as"))
        mid = number(body, "mid")
        if mid != int(mid) or not 0 < mid <= _MAX_MID:
            raise BadControlError(f"mid must be an integer from 1 to {_MAX_MID}")
        return int(mid)
