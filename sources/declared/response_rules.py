"""What the answers of a declared platform mean: the rules of its file, and below them HTTP's."""

from __future__ import annotations

from core.attribution import ANY_ENDPOINT, ANYTHING, Match, Reaction, Rule, Scope
from sources.declared.declaration import Meaning

# The scopes that a reaction may have in a file; the first is the one without `scope`.
SCOPES: dict[str, tuple[str, ...]] = {
    "throttled": ("account", "egress", "endpoint", "platform"),
    "risk": ("account", "egress", "endpoint", "platform"),
    "expired": ("account",),
    "banned": ("account",),
    "gone": ("item", "request"),
    "bad_request": ("request", "item"),
    "retry": ("platform", "endpoint", "egress"),
}
REACTIONS = {
    "throttled": Reaction.COOL_DOWN,
    "risk": Reaction.SUSPECT,
    "expired": Reaction.CHECK_SESSION,
    "banned": Reaction.DISABLE,
    "gone": Reaction.SKIP,
    "bad_request": Reaction.FAIL,
    "retry": Reaction.RETRY,
}
NOT_GOOD = "not_good"  # a body that `answers.good` does not hold for
UNREADABLE = "unreadable"  # a success without JSON
LOGIN_PAGE = "login_page"  # a redirect to one, or its HTML
CHECK = "check"  # the endpoint that says who is signed in; any other is "search"
HTTP = "RFC 9110"
status, marks = Match.of_status, Match.of_marks


def mark_of(number: int) -> str:
    """Return the mark of a signal for which the file's rule of that number (from 0) holds."""
    return f"means_{number}"


def rules_of(meanings: tuple[Meaning, ...]) -> tuple[Rule, ...]:
    """Return the rules of a file, in its order, and those of HTTP behind them."""
    own = (_own_rule(number, meaning) for number, meaning in enumerate(meanings))
    return (*own, *HTTP_RULES)


def _own_rule(number: int, meaning: Meaning) -> Rule:
    scope = meaning.scope or ("egress" if meaning.whole_egress else SCOPES[meaning.reaction][0])
    return Rule(
        ANY_ENDPOINT,
        marks(mark_of(number)),
        Scope.SESSION if meaning.reaction == "expired" else Scope(scope),
        REACTIONS[meaning.reaction],
        final=meaning.reaction == "gone",
        note="the platform's file",
    )


def _http(match: Match, scope: Scope, reaction: Reaction, *, final: bool = False) -> Rule:
    return Rule(ANY_ENDPOINT, match, scope, reaction, final=final, note=HTTP)


HTTP_RULES = (
    _http(status(401), Scope.SESSION, Reaction.CHECK_SESSION),
    _http(marks(LOGIN_PAGE), Scope.SESSION, Reaction.CHECK_SESSION),
    # Where even the check is redirected, as during maintenance, no session is lost.
    Rule(CHECK, status(range(300, 400)), Scope.ENDPOINT, Reaction.RETRY_OTHER, note=HTTP),
    _http(status(range(300, 400)), Scope.SESSION, Reaction.CHECK_SESSION),
    _http(status(403), Scope.ACCOUNT, Reaction.SUSPECT),
    _http(status(404, 410), Scope.ITEM, Reaction.SKIP, final=True),
    _http(status(407), Scope.EGRESS, Reaction.RETRY),
    _http(status(408, range(500, 600)), Scope.PLATFORM, Reaction.RETRY),
    _http(status(429), Scope.ACCOUNT, Reaction.COOL_DOWN),
    _http(status(range(100, 200), range(400, 500)), Scope.REQUEST, Reaction.FAIL),
    # A body that stays so leads to the session check and then to another account.
    _http(marks(UNREADABLE), Scope.REQUEST, Reaction.RETRY),
    _http(marks(NOT_GOOD), Scope.REQUEST, Reaction.RETRY),
    Rule(ANY_ENDPOINT, ANYTHING, Scope.REQUEST, Reaction.RETRY_OTHER, known=False),
)
