"""What Bilibili's answers mean, as a table; the first rule that fits decides.

The rules of single endpoints come first, then those of codes that mean the same everywhere, then
those for answers that nobody has described. `note` names the source of a fact:

- errcode, video, search, user, fav, login, v_voucher: pages below `docs/` of
  bilibili-API-collect (errcode is `misc/errcode.md`, v_voucher is `misc/sign/v_voucher.md`).
- ecode: `library/ecode/common_ecode.go` of go-kratos/kratos.
- yt-dlp: `extractor/bilibili.py` of yt-dlp.
- recorded: an answer that was recorded; reported: what people wrote in issues of such projects.
- guess: an inference that no source confirms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.attribution import (
    ANY_ENDPOINT,
    ANYTHING,
    Match,
    Reaction,
    Rule,
    Scope,
    Signal,
)
from sources.base import Gone

NAV = "/x/web-interface/nav"
FINGER = "/x/frontend/finger/spi"
SEARCH = "/x/web-interface/wbi/search/type"
VIEW = "/x/web-interface/view"
BATCH = "/medialist/gateway/base/resource/infos"
UPLOADS = "/x/space/wbi/arc/search"
CARD = "/x/web-interface/card"
# The names of endpoints in the rules, by path; any other path is named by itself.
ENDPOINTS = {
    NAV: "nav",
    FINGER: "finger",
    SEARCH: "search",
    VIEW: "view",
    BATCH: "batch",
    UPLOADS: "uploads",
    CARD: "card",
}
# Endpoints that are asked about one resource: their refusals concern it, and nobody else.
ITEM_ENDPOINTS = ("view", "uploads", "card")
# A success that lacks all of these and holds a voucher instead is a refusal.
DECLARED_KEYS = {
    "nav": ("isLogin", "wbi_img"),
    "finger": ("b_3",),
    "search": ("result",),
    "view": ("stat",),
    "uploads": ("list",),
    "card": ("card",),
}
VOUCHER = "voucher"  # data.v_voucher came instead of what the endpoint declares
EMPTY = "empty"  # a success whose data is missing, null, {} or []
SIGN_IN_TEXT = "sign_in_text"  # the message asks to sign in
UNREADABLE = "unreadable"  # no JSON, or not the platform's envelope

NOT_SIGNED_IN = -101
# Refusals that also come when the signature is wrong or its keys are old.
SIGNATURE_CODES = (-352, -403)
CLIENT_FAULTS = (-1, -2, -3, -4, -107, -111, -405)
ACCOUNT_LACKS = (-103, -104, -105, -106, -108, -110, -113, -114, -115, -625)
NEVER_FOR_READERS = (-304, -307, -408, -409, -701, -616, -617, -628, -629, -652, -662)
SERVER_FAILURES = (-500, -503, -504, -8888, -1201, -1202)
NO_SUCH = (-626, 10003, 11010, 40003, 62001, 88214, 20103, 79511, 100004, 100007)
PRIVATE_OR_PAID = (22115, 22118, 53013, 87007, 87008)
OTHER_REGION = (10004001, 10015001, -10403, -688, -689)
HIDDEN_FROM_SOME = (*PRIVATE_OR_PAID, *OTHER_REGION)
TARGET_BLOCKED = (-643, -650)
IN_REVIEW = (62003, 62004)
NOT_VISIBLE = (62002, 62012)
# Why a resource has no data, where the code says more than that it is gone.
GONE_REASONS: dict[int, Gone] = {
    **dict.fromkeys((-403, *PRIVATE_OR_PAID, *TARGET_BLOCKED, *NOT_VISIBLE), Gone.HIDDEN),
    **dict.fromkeys(OTHER_REGION, Gone.REGION),
    **dict.fromkeys(IN_REVIEW, Gone.IN_REVIEW),
    -404: Gone.NOT_FOUND,
    -400: Gone.BAD_ID,
    **dict.fromkeys(NO_SUCH, Gone.NOT_FOUND),
}

FIVE_DIGITS = range(10_000, 10**10)
SERVER_ERROR = range(500, 600)
REDIRECT = range(300, 400)

codes, status, marks = Match.of_codes, Match.of_status, Match.of_marks


def _skip(endpoint: str, match: Match, *, final: bool, note: str) -> Rule:
    return Rule(endpoint, match, Scope.ITEM, Reaction.SKIP, conclusive=True, final=final, note=note)


def _unknown(endpoint: str, match: Match, scope: Scope, reaction: Reaction) -> Rule:
    return Rule(endpoint, match, scope, reaction, note="guess", known=False)


NAV_RULES = (
    Rule(
        "nav",
        codes(NOT_SIGNED_IN),
        Scope.SESSION,
        Reaction.DISABLE,
        conclusive=True,
        note="recorded, login: nobody is signed in",
    ),
    # A refusal of nav for any other reason says nothing about the login.
    Rule("nav", status(REDIRECT, 404), Scope.ENDPOINT, Reaction.RETRY, note="guess"),
    Rule("nav", codes(range(-199, -102)), Scope.ENDPOINT, Reaction.RETRY, note="guess"),
)
SEARCH_RULES = (
    Rule("search", codes(-1200), Scope.CLIENT, Reaction.FAIL, note="search: a bad search_type"),
)
VIEW_RULES = (
    _skip("view", codes(-403), final=False, note="video, yt-dlp; recorded: members, charging"),
    _skip("view", codes(-400), final=True, note="video: a malformed id"),
    _skip("view", codes(0, marks=[EMPTY]), final=False, note="recorded: nothing to see"),
)
UPLOADS_RULES = (
    _skip("uploads", codes(22007), final=False, note="user: beyond what others may see"),
)
BATCH_RULES = (
    Rule(
        "batch",
        status(400, 413),
        Scope.REQUEST,
        Reaction.SPLIT,
        note="recorded: too many in one request",
    ),
    Rule(
        "batch",
        codes(-400, -413, -632, 40143),
        Scope.REQUEST,
        Reaction.SPLIT,
        note="errcode, ecode, user: too many in one request",
    ),
    # Undocumented: other endpoints of this kind were taken away with 404 and with 403.
    Rule(
        "batch",
        status(REDIRECT, range(401, 407), range(409, 412), range(414, 429), range(430, 500)),
        Scope.ENDPOINT,
        Reaction.PER_ITEM,
        note="recorded of archive/stat",
    ),
    Rule(
        "batch",
        codes(-404, -403, -352),
        Scope.ENDPOINT,
        Reaction.PER_ITEM,
        note="recorded of archive/stat",
    ),
    Rule("batch", marks(UNREADABLE), Scope.ENDPOINT, Reaction.PER_ITEM, note="guess"),
)
# What the codes of a single resource say of it, by endpoint.
ITEM_RULES = tuple(
    rule
    for endpoint in ITEM_ENDPOINTS
    for rule in (
        _skip(endpoint, codes(-404), final=True, note="video, user; yt-dlp: or region-locked"),
        _skip(
            endpoint,
            codes(*TARGET_BLOCKED),
            final=False,
            note="errcode, ecode: the target is blocked; level too low",
        ),
        _skip(endpoint, codes(-1200), final=False, note="reported: of one creator, passing"),
    )
)

STATUS_RULES = (
    Rule(
        ANY_ENDPOINT,
        status(412),
        Scope.EGRESS,
        Reaction.SUSPECT,
        note="errcode, search; reported: of the address, or of one endpoint on it",
    ),
    Rule(ANY_ENDPOINT, status(429), Scope.ACCOUNT, Reaction.COOL_DOWN, note="RFC 6585"),
    Rule(
        ANY_ENDPOINT,
        status(407),
        Scope.EGRESS,
        Reaction.RETRY,
        conclusive=True,
        note="RFC 9110: only a proxy says so",
    ),
    Rule(ANY_ENDPOINT, status(SERVER_ERROR), Scope.PLATFORM, Reaction.RETRY, note="errcode"),
    Rule(ANY_ENDPOINT, status(408), Scope.PLATFORM, Reaction.RETRY, note="RFC 9110"),
    Rule(ANY_ENDPOINT, status(401, 403), Scope.ACCOUNT, Reaction.SUSPECT, note="guess"),
    Rule(ANY_ENDPOINT, status(404), Scope.ENDPOINT, Reaction.RETRY_OTHER, note="recorded"),
    Rule(ANY_ENDPOINT, status(REDIRECT), Scope.SESSION, Reaction.CHECK_SESSION, note="guess"),
    Rule(ANY_ENDPOINT, status(400), Scope.REQUEST, Reaction.FAIL, note="RFC 9110"),
)
CODE_RULES = (
    Rule(
        ANY_ENDPOINT,
        marks(VOUCHER),
        Scope.ACCOUNT,
        Reaction.SUSPECT,
        note="reported: verification is wanted, as -352",
    ),
    Rule(ANY_ENDPOINT, marks(UNREADABLE), Scope.REQUEST, Reaction.RETRY, note="guess"),
    Rule(
        ANY_ENDPOINT,
        codes(0, marks=[EMPTY]),
        Scope.REQUEST,
        Reaction.RETRY,
        note="recorded: not allowed to see it, or nothing there",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(*CLIENT_FAULTS),
        Scope.CLIENT,
        Reaction.FAIL,
        note="errcode, ecode: app key, signature, csrf token, method",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(NOT_SIGNED_IN, 4100000, 4511003),
        Scope.SESSION,
        Reaction.CHECK_SESSION,
        note="recorded, login; the long ones: other services",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-658, -663),
        Scope.SESSION,
        Reaction.CHECK_SESSION,
        note="errcode, ecode; reported: -663 also when asked too fast",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-401, marks=[SIGN_IN_TEXT]),
        Scope.SESSION,
        Reaction.CHECK_SESSION,
        note="recorded",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-102),
        Scope.ACCOUNT,
        Reaction.DISABLE,
        conclusive=True,
        note="errcode, ecode: the account is banned",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(*ACCOUNT_LACKS),
        Scope.ACCOUNT,
        Reaction.RETRY_OTHER,
        note="errcode, ecode: points, coins, captcha, membership, phone, real name, failed logins",
    ),
    Rule(ANY_ENDPOINT, codes(-112), Scope.PLATFORM, Reaction.RETRY, note="errcode: upgrading"),
    Rule(
        ANY_ENDPOINT,
        codes(*NEVER_FOR_READERS),
        Scope.REQUEST,
        Reaction.RETRY_OTHER,
        note="errcode, ecode: nothing that comes to a reader; -408: guess",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-352),
        Scope.ACCOUNT,
        Reaction.SUSPECT,
        note="recorded, v_voucher: headers, signature, device, rate or address",
    ),
    Rule(ANY_ENDPOINT, codes(-401), Scope.ACCOUNT, Reaction.SUSPECT, note="recorded: ga_data"),
    Rule(
        ANY_ENDPOINT,
        codes(-403),
        Scope.SIGNATURE,
        Reaction.SUSPECT,
        note="recorded: of lists that are signed",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-412),
        Scope.EGRESS,
        Reaction.SUSPECT,
        note="errcode, search; reported: of the address, or of one endpoint on it",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(*SERVER_FAILURES),
        Scope.PLATFORM,
        Reaction.RETRY,
        note="errcode: server side, overload, time-out",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-509, -799),
        Scope.ACCOUNT,
        Reaction.COOL_DOWN,
        note="errcode, v_voucher; reported: of the account or of the address",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-404),
        Scope.ENDPOINT,
        Reaction.RETRY_OTHER,
        note="recorded: a path that is gone, for everybody alike",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(-400, -413, -632, 40143, -1200),
        Scope.REQUEST,
        Reaction.FAIL,
        note="errcode, video, search: bad, too large, filtered",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(*TARGET_BLOCKED),
        Scope.ACCOUNT,
        Reaction.RETRY_OTHER,
        note="errcode, ecode",
    ),
    _skip(ANY_ENDPOINT, codes(*NO_SUCH), final=True, note="errcode, ecode, video, fav; recorded"),
    _skip(ANY_ENDPOINT, codes(*NOT_VISIBLE), final=True, note="video; reported: owner only"),
    _skip(ANY_ENDPOINT, codes(*IN_REVIEW), final=False, note="video; reported: not yet out"),
    _skip(
        ANY_ENDPOINT,
        codes(*HIDDEN_FROM_SOME),
        final=False,
        note="user, errcode, yt-dlp; reported: the target's privacy, paid, region",
    ),
)
# An answer that nobody has described is believed to concern as little as possible.
UNKNOWN_RULES = (
    _unknown("view", ANYTHING, Scope.ITEM, Reaction.SKIP),
    _unknown("batch", ANYTHING, Scope.ENDPOINT, Reaction.PER_ITEM),
    *(
        _unknown(endpoint, codes(FIVE_DIGITS), Scope.ITEM, Reaction.SKIP)
        for endpoint in ITEM_ENDPOINTS
    ),
    _unknown(ANY_ENDPOINT, codes(range(-199, -99)), Scope.SESSION, Reaction.CHECK_SESSION),
    _unknown(
        ANY_ENDPOINT,
        codes(range(-599, -499), range(-1299, -1199)),
        Scope.PLATFORM,
        Reaction.RETRY,
    ),
    _unknown(ANY_ENDPOINT, ANYTHING, Scope.REQUEST, Reaction.RETRY_OTHER),
)
RULES: tuple[Rule, ...] = (
    *NAV_RULES,
    *SEARCH_RULES,
    *VIEW_RULES,
    *UPLOADS_RULES,
    *BATCH_RULES,
    *ITEM_RULES,
    *STATUS_RULES,
    *CODE_RULES,
    *UNKNOWN_RULES,
)


def marks_of(endpoint: str, body: Mapping[str, Any]) -> frozenset[str]:
    """Return the marks of an envelope, as the rules name them."""
    data = body.get("data")
    has_declared = isinstance(data, dict) and any(
        key in data for key in DECLARED_KEYS.get(endpoint, ())
    )
    found = {
        VOUCHER: isinstance(data, dict) and "v_voucher" in data and not has_declared,
        EMPTY: not data,
        SIGN_IN_TEXT: "请先登录" in str(body.get("message") or ""),
    }
    return frozenset(mark for mark, holds in found.items() if holds)


def is_good(signal: Signal) -> bool:
    """Return whether the answer is a success with data."""
    return signal.code == 0 and not signal.marks & {VOUCHER, EMPTY, UNREADABLE}
