"""The Bilibili adapter."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInputError, LoginExpiredError
from core.settings import Pace
from sources.base import (
    ANONYMOUS,
    SECRET_CHARS,
    AccountSession,
    CreatorPage,
    SessionStatus,
    StatsAnswer,
    UploadsPage,
    Via,
)
from sources.bilibili import search
from sources.bilibili.client import HEADERS, BilibiliClient
from sources.bilibili.cookies import DOMAIN, NAMES, UID, parse_cookies
from sources.bilibili.creator_page import CreatorCard, fetch_card, fetch_uploads
from sources.bilibili.response_rules import ENDPOINTS
from sources.bilibili.videos import MAX_AT_ONCE, VideoCounters
from sources.circuits import Circuits
from sources.transport.cookies import AccountCookies, cookie_domain
from sources.transport.request_delay import RandomDelay
from sources.transport.session import open_http

SEARCH_TYPES = {Via.USERS: "bili_user", Via.VIDEOS: "video"}
ENDPOINT_PACES = {"/x/space/": Pace(150, 300)}  # said to be its limit


class BilibiliSource:
    """Creator search, video counters, uploads and session checks with an account's cookies.

    Args:
        pause: kept before each request for a single video, besides the account's pace.
        rng: draws the videos whose counters from a batch are checked by a request of their own.
        circuits: knows whether the batch endpoint is usable.
    """

    platform = "bilibili"
    batch = MAX_AT_ONCE

    def __init__(
        self,
        *,
        client: BilibiliClient,
        pace: Pace,
        pause: RandomDelay,
        rng: random.Random,
        circuits: Circuits,
    ) -> None:
        self._client = client
        self.pace = pace
        self.endpoint_paces: Mapping[str, Pace] = ENDPOINT_PACES
        self.endpoints: Mapping[str, str] = {**ENDPOINTS, "stats": "view", "session": "nav"}
        self._counters = VideoCounters(client=client, pause=pause, rng=rng, circuits=circuits)

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """Return a session from cookies in clear; with ANONYMOUS as the account id also from none.

        Raises:
            LoginExpiredError: the stored cookies are missing or have no usable form.
        """
        if not session and account_id != ANONYMOUS:
            raise LoginExpiredError("session_missing")
        try:
            cookies = parse_cookies(session) if session else {}
        except InvalidInputError as error:
            raise LoginExpiredError("session_unusable", cause=error) from error
        http = open_http(proxy)
        http.headers.update(HEADERS)
        jar = AccountCookies(
            http.cookies, cookie_domain(self._client.base_url, DOMAIN), NAMES, dict(cookies)
        )
        jar.put(cookies)
        # Longest first: a secret that contains another must be removed as a whole.
        secrets = tuple(sorted((v for v in cookies.values() if len(v) >= SECRET_CHARS), key=len))
        return AccountSession(
            account_id=account_id,
            username=username,
            http=http,
            secrets=secrets[::-1],
            cookies=jar,
        )

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        """Return page `page`, from 1, of the users found by their names, or of the authors of
        videos.

        `via` chooses between them. A page behind the last one has no creators.

        Raises:
            SourceError: no answer came, or its status or `code` means an error.
        """
        params: dict[str, Any] = {
            "search_type": SEARCH_TYPES[via],
            "keyword": domain,
            "page": page,
        }
        if via is Via.USERS:
            params |= {"order": 0, "order_sort": 0, "user_type": 0}
        data = self._client.get_signed(session, search.PATH, params)
        request = f"GET {search.PATH}?search_type={SEARCH_TYPES[via]}&page={page}"
        read = search.read_users if via is Via.USERS else search.read_authors
        return read(data, search.PageQuery(page, request, session.redact))

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each id (BV or av) its counters, or why there are none; malformed ids too.

        Raises:
            SourceError: some could not be fetched; its `answers` has those of the others.
        """
        return self._counters.fetch(session, ids)

    def uploads(self, session: AccountSession, uid: str, page: int) -> UploadsPage:
        """Return page `page`, from 1, of a creator's uploads; raise SourceError when refused."""
        return fetch_uploads(self._client, session, uid, page)

    def card(self, session: AccountSession, uid: str) -> CreatorCard:
        """Return the public counters of the creator `uid`; raise SourceError when refused."""
        return fetch_card(self._client, session, uid)

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Return who is signed in, as the endpoint nav says; nobody is a result, not an error.

        Raises:
            SourceError: nav does not answer, or with another error than "not signed in".
        """
        data = self._client.nav(session)
        if data.get("isLogin") is not True:
            return SessionStatus(signed_in=False)
        mid = str(data.get("mid"))
        return SessionStatus(True, mid if UID.fullmatch(mid) else None, str(data.get("uname")))
