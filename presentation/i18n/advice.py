"""What to do about a fault, as messages: the same advice in alerts, listings and checks."""

from __future__ import annotations

from core.attribution import ALL, KEY_PREFIX, CircuitCause
from core.errors import FaultUnit
from core.messages import TEXT, Message
from presentation.i18n.command_lines import shell_word
from sources.circuits import ANONYMOUS_EGRESS
from sources.transport.egress import is_direct

SIGN_IN_MENDS = (
    "session_expired",
    "session_not_signed_in",
    "session_emptied",
    "credentials_unusable",
)
SAME_LOGIN = ("login_of_older", "login_replaced")


def on_disabled_account(name: str, reason: Message) -> Message:
    """Return what to do about a disabled account: enable it, import its session, or delete it."""
    word = shell_word(name)
    if reason.code in SIGN_IN_MENDS:
        return Message.of("alert_sign_in", word=word)
    if reason.code == "account_banned":
        return Message.of("advice_account_banned", word=word)
    if reason.code == "login_swapped":
        return Message.of("advice_login_swapped", word=word, was=reason.params.get("was"))
    if reason.code in SAME_LOGIN:
        return Message.of("advice_login_twice", word=word)
    if reason.code in ("by_operator", TEXT):
        return Message.of("advice_account_enable", word=word)
    return Message.of("alert_advice_account_disabled", word=word)


def on_resting_account(name: str, *, is_suspect: bool) -> Message:
    """Return what to do about an account in cooldown."""
    code = "advice_account_suspect" if is_suspect else "advice_account_throttled"
    return Message.of(code, word=shell_word(name))


def on_route(egress: str, fault: FaultUnit | None) -> Message:
    """Return what to do about an egress route in cooldown; `fault` None: an operator's word."""
    word = shell_word(egress)
    if fault is None:
        return Message.of("advice_egress_held", egress_word=word)
    if fault is FaultUnit.GATEWAY:
        return Message.of("alert_advice_egress_refused", egress_word=word)
    return Message.of("alert_advice_egress_down", egress_word=word)


def on_circuit(platform: str, egress: str, endpoint: str, cause: str) -> Message:
    """Return what to do about a circuit that is not closed; ALL stands for every route or
    endpoint."""
    command = _close_command(platform, egress, endpoint)
    match cause:
        case CircuitCause.NO_ANSWER if is_through_proxy(egress):
            code = "advice_circuit_proxy_silent"
        case CircuitCause.NO_ANSWER:
            code = "advice_circuit_no_answer"
        case CircuitCause.RISK | CircuitCause.THROTTLE:
            code = "alert_advice_breaker_open"
        case CircuitCause.UNUSABLE | CircuitCause.KEY | CircuitCause.OPERATOR:
            code = f"advice_circuit_{cause}"
        case _:
            code = "advice_circuit_server_error"
    return Message.of(code, platform=platform, egress_word=shell_word(egress), words=command)


def is_through_proxy(egress: str) -> bool:
    """Return whether a circuit's route is one through a proxy."""
    is_other = egress in (ALL, ANONYMOUS_EGRESS) or egress.startswith(KEY_PREFIX)
    return not is_other and not is_direct(egress)


def _close_command(platform: str, egress: str, endpoint: str) -> str:
    """Return the words that close one circuit, without the program's name."""
    words = ["circuits", "close", platform]
    words += [] if egress == ALL else ["--egress", egress]
    words += [] if endpoint == ALL else ["--endpoint", endpoint]
    return " ".join(map(shell_word, words))
