"""What the two TikHub adapters share: sessions, and questions for one video after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from core.errors import BadRequestError, NotFoundError, RetryableError, SourceError
from core.settings import Pace
from sources.base import AccountSession, Gone, SessionStatus, StatsAnswer, Unavailable
from sources.json_api import open_key_session
from sources.tikhub.client import TikHubClient

AWEME_ID = re.compile(r"[1-9][0-9]{18}")
FAILURES_IN_A_ROW = 3  # then the platform is left alone
NO_TOKEN = "there is no token of TikHub: set BATON_TIKHUB_TOKEN"  # noqa: S105 (a message)


class TikHubSource:
    """A platform that TikHub answers for."""

    platform: str
    batch: int

    def __init__(self, *, client: TikHubClient, pace: Pace) -> None:
        self._client = client
        self.pace = pace
        self.endpoint_paces: Mapping[str, Pace] = {}

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        opened = open_key_session(account_id, username, session, proxy, missing=NO_TOKEN)
        opened.http.headers["Authorization"] = f"Bearer {opened.secrets[0]}"
        return opened

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Asks nobody, as every answer costs money: a wrong token shows at the first question."""
        return SessionStatus(signed_in=True)

    def _each(
        self, ids: Sequence[str], ask: Callable[[str], StatsAnswer]
    ) -> dict[str, StatsAnswer]:
        """Ask for one after the other. A video that fails while others answer is unavailable for
        now, as are those not asked for because the platform failed several times in a row. When
        nothing was answered, the failure is raised."""
        answers: dict[str, StatsAnswer] = {}
        failure: SourceError | None = None
        failed: dict[str, StatsAnswer] = {}
        in_a_row = 0
        for aweme_id in ids:
            try:
                answers[aweme_id] = ask(aweme_id)
                in_a_row = 0
            except NotFoundError as error:
                answers[aweme_id] = Unavailable(Gone.NOT_FOUND, str(error), final=True)
            except (RetryableError, BadRequestError) as error:
                failure = error
                failed[aweme_id] = Unavailable(Gone.UNKNOWN, str(error), final=False)
                in_a_row += _is_of_the_platform(error)
                if in_a_row == FAILURES_IN_A_ROW:
                    break
        if failure is None:
            return answers
        if not answers:
            raise failure
        not_asked = Unavailable(Gone.UNKNOWN, f"not asked for after: {failure}", final=False)
        return dict.fromkeys(ids, not_asked) | failed | answers


def _is_of_the_platform(error: SourceError) -> bool:
    """Whether nothing came or the server failed, which the next video is likely to meet too."""
    status = error.evidence.http_status if error.evidence else None
    return status is None or status >= 500


def split_ids(ids: Iterable[str]) -> tuple[list[str], dict[str, StatsAnswer]]:
    """The ids that can be asked for, each once, and the answers for those that cannot."""
    good: list[str] = []
    bad: dict[str, StatsAnswer] = {}
    for aweme_id in dict.fromkeys(ids):
        if AWEME_ID.fullmatch(aweme_id):
            good.append(aweme_id)
        else:
            detail = f"{aweme_id[:40]!r} is no video id (19 digits)"
            bad[aweme_id] = Unavailable(Gone.BAD_ID, detail, final=True)
    return good, bad
