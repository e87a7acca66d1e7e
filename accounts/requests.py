"""The parts of a new account as a user gives them, and every limit on them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.proxies.text import read_proxy
from accounts.vault import Credentials
from core.errors import InvalidInputError
from core.messages import Message
from core.requests import FieldChecks, require_text
from core.tabular.cells import is_nothing

if TYPE_CHECKING:
    from sources.platforms import Platform

COOLDOWN = re.compile(r"([0-9]{1,6})([smh])")
COOLDOWN_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
MAX_COOLDOWN = timedelta(hours=24)
MAX_NAME_LETTERS = 128
MAX_GROUP_LETTERS = 64
TOMBSTONE_NAME = re.compile(r" \(deleted(?: [0-9]+)?\)$")
# They count as printable, and yet nobody sees them: fillers, joiners, variation selectors.
HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
MAX_ROWS_A_DAY = 1_000_000_000
MAX_COOKIE_LETTERS = 1_000_000
MAX_REASON_LETTERS = 200
MAX_AGENT_LETTERS = 512


def stored_form(text: str) -> str:
    """Return a name as it is stored: without surrounding blanks, composed (NFC)."""
    return unicodedata.normalize("NFC", text.strip())


def account_name(text: str) -> str:
    """Return the name of an account as it is stored: without surrounding blanks, composed (NFC).

    Raises:
        InvalidInputError: it is empty, longer than MAX_NAME_LETTERS, has a character that cannot be
            seen (of control, direction, no width), or is one of those that deleted accounts get.
    """
    name = _printable_name(text, MAX_NAME_LETTERS)
    if code := _hidden_code(name):
        raise InvalidInputError("name_with_hidden_character", code=code)
    if TOMBSTONE_NAME.search(name):
        raise InvalidInputError("name_of_deleted", name=name)
    return name


def group_name(text: str) -> str:
    """Return the name of a group as it is stored: without surrounding blanks, composed (NFC).

    Raises:
        InvalidInputError: it is empty, longer than MAX_GROUP_LETTERS, has a character that cannot
            be seen, or is one of the words for nothing, such as `none`.
    """
    name = _printable_name(text, MAX_GROUP_LETTERS)
    if code := _hidden_code(name):
        raise InvalidInputError("group_name_with_hidden_character", code=code)
    if is_nothing(name):
        raise InvalidInputError("group_name_is_nothing", name=name)
    return name


def _printable_name(text: str, max_letters: int) -> str:
    name = stored_form(require_text(text))
    if not 0 < len(name) <= max_letters:
        raise InvalidInputError("name_not_printable", max_letters=max_letters)
    return name


def _hidden_code(name: str) -> str | None:
    """Return the code of a name's first character that nobody can see; None without one."""
    hidden = next((one for one in name if not one.isprintable() or HIDDEN.match(one)), None)
    return None if hidden is None else f"U+{ord(hidden):04X}"


def require_user_agent(text: str) -> str:
    """Return a User-Agent without surrounding blanks.

    Raises:
        InvalidInputError: it is empty, longer than MAX_AGENT_LETTERS, or holds characters that no
            browser sends.
    """
    agent = text.strip()
    if not 0 < len(agent) <= MAX_AGENT_LETTERS or not (agent.isascii() and agent.isprintable()):
        raise InvalidInputError("user_agent_malformed", max_letters=MAX_AGENT_LETTERS)
    return agent


def cooldown_length(text: str) -> timedelta:
    """Return the length of a cooldown that a person orders, such as `90s`, `30m` or `2h`.

    Raises:
        InvalidInputError: it has another form, or is not from 1 s to MAX_COOLDOWN.
    """
    match = COOLDOWN.fullmatch(text.strip())
    length = timedelta(**{COOLDOWN_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta(seconds=1) <= length <= MAX_COOLDOWN:
        hours = MAX_COOLDOWN // timedelta(hours=1)
        raise InvalidInputError("cooldown_length_wrong", text=repr(text), hours=hours)
    return length


def require_daily_limit(limit: int) -> int:
    """Return the rows a day. Raise InvalidInputError when they are not from 0 to MAX_ROWS_A_DAY."""
    if not 0 <= limit <= MAX_ROWS_A_DAY:
        raise InvalidInputError("daily_limit_out_of_range", most=MAX_ROWS_A_DAY, limit=limit)
    return limit


@dataclass(frozen=True)
class NewAccount:
    """An account to add, with checked parts.

    `credentials` are in clear; `limit` is in rows a day, None for the default. `new_login` lets
    another login take over the name of an account. `user_agent` is that of the browser which the
    session comes from, None where that is unknown. `notes` name what was left out of the cookies.
    `group` is the group to put it into; None leaves a known account where it is.
    """

    platform: str
    username: str
    credentials: Credentials
    limit: int | None
    new_login: bool = False
    user_agent: str | None = None
    notes: tuple[Message, ...] = ()
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccountRequest:
    """An account to add, or to give a fresh session, as a form or a command line names it.

    Args:
        cookies: a text of any form that `sources.cookies.reader` knows.
        proxy: in any form that `accounts.proxies.text` knows; None or empty for none.
        limit: rows that it may export a day; None for the default.
        new_login: another login may take over the name of an account.
        group: the group to put it into; None or empty leaves a known account where it is.
    """

    username: str
    cookies: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    limit: int | None = None
    new_login: bool = False
    group: str | None = None

    def checked(self, platform: Platform) -> NewAccount:
        """Return the account to add, its parts checked by the rules of `platform`.

        Raises:
            WrongFieldsError: a part is invalid; its messages never repeat a secret.
        """
        checks = FieldChecks()
        name = checks.check("username", account_name, self.username)
        checks.check("cookies", require_text, self.cookies)
        session = checks.check("cookies", platform.read_session, self.cookies)
        proxy = checks.check("proxy", read_proxy, self.proxy or "")
        if self.limit is not None and not 0 <= self.limit <= MAX_ROWS_A_DAY:
            checks.add("daily_export_limit", Message.of("rows_out_of_range", most=MAX_ROWS_A_DAY))
        checks.check("password", require_text, self.password or "")
        group = checks.check("group", group_name, self.group) if self.group else None
        checks.finish()
        assert name is not None
        assert session is not None
        return NewAccount(
            platform=platform.name,
            username=name,
            credentials=Credentials(self.password, session.text, proxy),
            limit=self.limit,
            new_login=self.new_login,
            user_agent=session.user_agent,
            notes=session.notes,
            group=group,
        )
