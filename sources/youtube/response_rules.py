"""What the answers of YouTube's Data API v3 mean, as a table; the first rule that fits decides.

`note` names the source: errors is the page "Errors" of the API's reference, ErrorReason the list of
`google.api.ErrorReason`, reported is what people wrote in issues, guess an inference.
"""

from __future__ import annotations

from core.attribution import ANY_ENDPOINT, ANYTHING, Match, Reaction, Rule, Scope

KEY_TEXT = "key_text"  # the message says that the key is not valid
DAY_IS_SPENT = ("quotaExceeded", "dailyLimitExceeded")
TOO_FAST = ("rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED")
KEY_IS_UNUSABLE = (
    "keyInvalid",
    "keyExpired",
    "accessNotConfigured",
    "ipRefererBlocked",
    "authError",
    "required",
    "API_KEY_INVALID",
    "SERVICE_DISABLED",
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "CONSUMER_SUSPENDED",
    "CONSUMER_INVALID",
    "BILLING_DISABLED",
)
GONE = (
    "channelNotFound",
    "channelClosed",
    "channelSuspended",
    "playlistNotFound",
    "videoNotFound",
)
codes, status, marks = Match.of_codes, Match.of_status, Match.of_marks

RULES: tuple[Rule, ...] = (
    Rule(ANY_ENDPOINT, status(429), Scope.KEY, Reaction.COOL_DOWN, note="errors"),
    Rule(ANY_ENDPOINT, codes(*TOO_FAST), Scope.KEY, Reaction.COOL_DOWN, note="errors, reported"),
    Rule(
        ANY_ENDPOINT,
        codes(*DAY_IS_SPENT),
        Scope.KEY,
        Reaction.WAIT_FOR_QUOTA,
        conclusive=True,
        note="errors: until midnight, Pacific time",
    ),
    Rule(
        ANY_ENDPOINT,
        codes(*KEY_IS_UNUSABLE),
        Scope.KEY,
        Reaction.DISABLE,
        conclusive=True,
        note="errors, ErrorReason, reported",
    ),
    Rule(
        ANY_ENDPOINT, marks(KEY_TEXT), Scope.KEY, Reaction.DISABLE, conclusive=True, note="errors"
    ),
    Rule(ANY_ENDPOINT, status(401), Scope.KEY, Reaction.DISABLE, conclusive=True, note="errors"),
    Rule(
        ANY_ENDPOINT,
        codes(*GONE),
        Scope.ITEM,
        Reaction.SKIP,
        conclusive=True,
        final=True,
        note="errors",
    ),
    Rule(ANY_ENDPOINT, status(400, 403), Scope.REQUEST, Reaction.FAIL, note="errors"),
    # Only a proxy answers so: no key is at fault.
    Rule(
        ANY_ENDPOINT,
        status(407),
        Scope.EGRESS,
        Reaction.RETRY,
        conclusive=True,
        note="RFC 9110",
    ),
    Rule(ANY_ENDPOINT, status(408), Scope.PLATFORM, Reaction.RETRY, note="RFC 9110"),
    Rule(
        ANY_ENDPOINT,
        status(range(500, 600)),
        Scope.PLATFORM,
        Reaction.RETRY,
        note="errors: backendError",
    ),
    Rule(ANY_ENDPOINT, ANYTHING, Scope.REQUEST, Reaction.FAIL, note="guess", known=False),
)
