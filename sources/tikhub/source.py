"""The base of both TikHub adapters: sessions, and requests for one video after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from core.errors import BadRequestError, NotFoundError, RetryableError, SourceError
from core.messages import Message
from core.settings import Pace
from sources.base import AccountSession, Gone, SessionStatus, StatsAnswer, Unavailable
from sources.json_api import open_key_session
from sources.tikhub.client import TikHubClient

AWEME_ID = re.compile(r"[1-9][0-9]{18}")
# After this many failures in a row the platform is likely down, and every request costs time.
FAILURES_IN_A_ROW = 3
NO_TOKEN = Message.of("platform_token_missing", name="TikHub", setting="BATON_TIKHUB_TOKEN")


class TikHubSource:
    """The base of the adapters of platforms that TikHub serves; a session is its API token.

    TikHub counts the requests of a token's owner for each endpoint apart, and refuses a token the
    rights to one of them, or does not reach the platform behind it.

    Args:
        pace: of the requests to each endpoint.
        paths: of the endpoints that are asked.
    """

    platform: str
    batch: int

    def __init__(self, *, client: TikHubClient, pace: Pace, paths: Sequence[str]) -> None:
        self._client = client
        self.pace = replace(pace, requests=pace.requests * len(paths))  # of all together
        self.endpoint_paces: Mapping[str, Pace] = dict.fromkeys(paths, pace)
        self.endpoints: Mapping[str, str] = {path: path.rpartition("/")[2] for path in paths}

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """Return a session with the API token `session`, in clear.

        Raises:
            LoginExpiredError: there is no token, or it holds characters that no token has.
        """
        opened = open_key_session(account_id, username, session, proxy, missing=NO_TOKEN)
        opened.http.headers["Authorization"] = f"Bearer {opened.secrets[0]}"
        return opened

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Return signed in without a request, as every response costs money.

        A wrong token shows with the first real request.
        """
        return SessionStatus(signed_in=True)

    def _fetch_each(
        self, ids: Sequence[str], ask: Callable[[str], StatsAnswer]
    ) -> dict[str, StatsAnswer]:
        """Request one video after the other and return an entry for each.

        A video that fails while others succeed is unavailable for now, as are those that were not
        requested because the platform failed several times in a row. When nothing was answered, the
        failure is raised.
        """
        answers: dict[str, StatsAnswer] = {}
        failure: SourceError | None = None
        failed: dict[str, StatsAnswer] = {}
        in_a_row = 0
        for aweme_id in ids:
            try:
                answers[aweme_id] = ask(aweme_id)
                in_a_row = 0
            except NotFoundError as error:
                answers[aweme_id] = Unavailable(Gone.NOT_FOUND, error.message, final=True)
            except (RetryableError, BadRequestError) as error:
                failure = error
                failed[aweme_id] = Unavailable(
                    Gone.UNKNOWN,
                    error.message,
                    final=False,
                    unanswered=isinstance(error, RetryableError),
                )
                in_a_row += _is_platform_failure(error)
                if in_a_row == FAILURES_IN_A_ROW:
                    break
        if failure is None:
            return answers
        if not answers:
            raise failure
        reason = Message.of("not_asked_after", cause=failure)
        not_asked = Unavailable(Gone.UNKNOWN, reason, final=False, unanswered=True)
        return dict.fromkeys(ids, not_asked) | failed | answers


def _is_platform_failure(error: SourceError) -> bool:
    """Return True when no response came or the server failed, which is likely to repeat at once."""
    status = error.evidence.http_status if error.evidence else None
    return status is None or status >= 500


def split_ids(ids: Iterable[str]) -> tuple[list[str], dict[str, StatsAnswer]]:
    """Return the valid video ids, each once, and an unavailable entry for each malformed one."""
    valid_ids: list[str] = []
    bad: dict[str, StatsAnswer] = {}
    for aweme_id in dict.fromkeys(ids):
        if AWEME_ID.fullmatch(aweme_id):
            valid_ids.append(aweme_id)
        else:
            detail = Message.of("aweme_id_malformed", text=aweme_id[:40])
            bad[aweme_id] = Unavailable(Gone.BAD_ID, detail, final=True)
    return valid_ids, bad
