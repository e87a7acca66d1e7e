"""What TikHub's answers mean, as a table; the first rule that fits decides.

The code is the HTTP status, or the one in the envelope of an answer with HTTP 200. `note` names the
source: sdk is `docs/errors.md` of TikHub-API-Python-SDK, recorded is an answer that was recorded,
reported is what people wrote in issues of the SDK, guess an inference.
"""

from __future__ import annotations

from core.attribution import ANY_ENDPOINT, ANYTHING, Match, Reaction, Rule, Scope

EXPLAINED = "explained"  # the answer has TikHub's own `detail`
TRY_AGAIN = "try_again"  # its words ask to repeat the request
codes, marks = Match.of_codes, Match.of_marks

RULES: tuple[Rule, ...] = (
    Rule(
        ANY_ENDPOINT,
        codes(401),
        Scope.KEY,
        Reaction.DISABLE,
        conclusive=True,
        note="sdk: the token is not valid",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(402),
        Scope.KEY,
        Reaction.WAIT_FOR_QUOTA,
        conclusive=True,
        note="recorded: no balance; the body repeats the request's headers",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(403, marks=[EXPLAINED]),
        Scope.KEY,
        Reaction.FAIL,
        note="sdk: the token's scope lacks this endpoint",
    ),
    # Without TikHub's own words it comes from something in front of it.
    Rule(ANY_ENDPOINT, codes(403), Scope.EGRESS, Reaction.SUSPECT, note="guess: a wall or a proxy"),
    Rule(
        ANY_ENDPOINT,
        codes(404, marks=[EXPLAINED]),
        Scope.ITEM,
        Reaction.SKIP,
        conclusive=True,
        final=True,
        note="sdk",
    ),
    Rule(ANY_ENDPOINT, codes(404), Scope.ENDPOINT, Reaction.FAIL, note="sdk: no such path"),
    Rule(
        ANY_ENDPOINT,
        codes(429),
        Scope.KEY,
        Reaction.COOL_DOWN,
        note="sdk: limits are per endpoint and per owner of the token",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(400, marks=[TRY_AGAIN]),
        Scope.ITEM,
        Reaction.RETRY,
        note="reported: also of an id that cannot be served",
    ),
    Rule(ANY_ENDPOINT, codes(200), Scope.REQUEST, Reaction.RETRY, note="guess: no envelope"),
    Rule(
        ANY_ENDPOINT,
        codes(407),
        Scope.EGRESS,
        Reaction.RETRY,
        conclusive=True,
        note="RFC 9110: only a proxy says so",
    ),
    Rule(ANY_ENDPOINT, codes(408), Scope.PLATFORM, Reaction.RETRY, note="RFC 9110"),
    Rule(
        ANY_ENDPOINT,
        codes(range(400, 500)),
        Scope.REQUEST,
        Reaction.FAIL,
        note="sdk: 400 and 422, a wrong parameter",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(range(500, 600)),
        Scope.ENDPOINT,
        Reaction.RETRY,
        note="sdk: the platform behind the endpoint is not reached",
    ),
    Rule(ANY_ENDPOINT, ANYTHING, Scope.REQUEST, Reaction.FAIL, note="guess", known=False),
)
