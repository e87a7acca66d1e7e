"""Deliveries, endpoints, signing secrets, channels of alerts."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # what became of a delivery
    "receiver_refused": "the receiver said HTTP {status}",
    "receiver_redirected": "the receiver said HTTP {status} (not followed)",
    "receiver_gone": "the receiver said HTTP 410 Gone",
    "no_answer_within": "no answer within {secs:g} s",
    "no_answer_because": "no answer ({trouble})",
    "host_name_unknown": "nobody knows its host name",
    "connection_refused_there": "nobody listens there",
    "tls_not_right": "its TLS certificate or connection is not right",
    "connection_broke": "the connection broke, or what came is no HTTP",
    "callback_url_not_http": "the callback URL is no http(s) URL",
    "callback_address_private": "not sent: the callback URL leads to the private address {address}",
    "callback_address_loopback": (
        "not sent: the callback URL leads to the loopback address {address}"
    ),
    "task_secret_unusable": "not sent: the secret of task {task_id}: {cause}",
    "delivery_internal_error": "internal error, see the log ({error})",
    "delivery_interrupted": "its process died in the middle of the request",
    "delivery_taken_meanwhile": "delivery {delivery_id} was taken meanwhile",
    # reports that cannot be filed
    "report_kind_unknown": "unknown kind of report {kind!r}",
    "event_id_malformed": "event id {event_id!r}: 1 to 128 ASCII characters, no blanks",
    "callback_url_length": "a callback URL has 1 to {chars} characters",
    # requests of people
    "delivery_not_found": "no delivery has the id {delivery_id}",
    "event_not_found": (
        "no delivery has the event id {event_id!r}: it was never filed, or finished so long ago"
        " that it is no longer kept"
    ),
    "callback_url_unknown": "nothing was ever to be sent to that URL",
    # signing secrets
    "one_secret_expected": "give one secret; the one before stays valid by itself",
    "task_without_secret": "task {task_id} has no secret",
    "secret_changed_meanwhile": "the secret of task {task_id} was changed meanwhile",
    "signing_secret_count": (
        "a signing secret is one, or two with a blank between: write each as {prefix} and"
        " base64, for example from: openssl rand -base64 32"
    ),
    "signing_secret_prefix": (
        "a signing secret does not start with {prefix}: write each as {prefix} and base64, for"
        " example from: openssl rand -base64 32"
    ),
    "signing_secret_not_base64": (
        "a signing secret is no base64 after {prefix}: write each as {prefix} and base64, for"
        " example from: openssl rand -base64 32"
    ),
    "signing_secret_empty": (
        "a signing secret is empty after {prefix}: write each as {prefix} and base64, for"
        " example from: openssl rand -base64 32"
    ),
    # channels of alerts
    "notify_url_unusable": "{setting}: number {number} in the list cannot be used ({problem})",
    "notify_scheme_unknown": "{scheme}:// is unknown, or misses a part",
    "notify_url_malformed": "no URL",
    "channel_refused_http": "refused with HTTP {status}",
    "channel_refused_code": "refused with code {code}: {detail}",
    "channel_unreachable": "could not be reached",
    "channel_not_accepted": "not accepted",
    "channel_answer_unknown": "answered something that is no robot's answer",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {
        "callback_address_private": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "callback_address_loopback": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "notify_url_unusable": "docs/operations.md shows how to write one",
        "delivery_not_found": "see: {program} webhooks list",
        "event_not_found": (
            "which days it reported may still be known: {program} settlement show --event EVENT"
        ),
        "callback_url_unknown": "give it as `webhooks show ID` does, or give such an ID",
    },
    "console": {
        "callback_address_private": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "callback_address_loopback": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "notify_url_unusable": "docs/operations.md shows how to write one",
        "delivery_not_found": "see the page Webhooks",
        "event_not_found": "which days it reported, the page Settlement may still know",
        "callback_url_unknown": "take it from the page Webhooks",
    },
    "api": {
        "callback_address_private": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "callback_address_loopback": (
            "if that is meant, name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "notify_url_unusable": "docs/operations.md shows how to write one",
        "delivery_not_found": "see GET /api/v1/webhooks",
        "event_not_found": (
            "which days it reported may still be known: GET /api/v1/settlement/trace?event_id=…"
        ),
        "callback_url_unknown": "take it from GET /api/v1/webhooks",
    },
}
