"""Why a TLS connection failed, read from the errors of Python and OpenSSL."""

from __future__ import annotations

import ssl
from collections.abc import Iterable

from urllib3.util.ssl_match_hostname import CertificateError

from core.messages import Message

# OpenSSL's codes of what is wrong with a certificate (x509_vfy.h).
NOT_YET_VALID, EXPIRED = 9, 10
SELF_SIGNED = (18, 19)
ISSUER_UNKNOWN = (2, 20, 21)
REVOKED = 23
NAME_WRONG = (62, 64)
CERTIFICATE_CODES = {
    NOT_YET_VALID: "certificate_not_yet_valid",
    EXPIRED: "certificate_expired",
    REVOKED: "certificate_revoked",
    **dict.fromkeys(SELF_SIGNED, "certificate_self_signed"),
    **dict.fromkeys(ISSUER_UNKNOWN, "certificate_issuer_unknown"),
    **dict.fromkeys(NAME_WRONG, "certificate_name_wrong"),
}
# Reasons of OpenSSL for a handshake that failed, by what they come to.
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE")
PROTOCOL_WRONG = (
    *("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"),
    *("VERSION_TOO_LOW", "DH_KEY_TOO_SMALL", "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"),
    *("NO_SHARED_CIPHER", "SSLV3_ALERT_HANDSHAKE_FAILURE", "INTERNAL_ERROR"),
)
NAME_UNKNOWN = ("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME")


def certificate_reason(error: ssl.SSLCertVerificationError) -> Message:
    """Return what is wrong with a certificate."""
    code = CERTIFICATE_CODES.get(getattr(error, "verify_code", 0), "certificate_not_trusted")
    return Message.of(code)


def tls_reason(errors: Iterable[BaseException]) -> Message | None:
    """Return why a TLS connection failed; None when none of the errors is one of TLS.

    `errors` are an error and what caused it, the outermost first.
    """
    chain = list(errors)
    found = [error for error in chain if isinstance(error, ssl.SSLError)]
    certificate = next((e for e in found if isinstance(e, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return certificate_reason(certificate)
    # Where a certificate is compared with another name than that of the connection.
    if any(isinstance(error, CertificateError) for error in chain):
        return Message.of("certificate_name_wrong")
    if not found:
        return None
    if any(isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) for error in found):
        return Message.of("tls_broken_off")
    reasons = {str(error.reason or "") for error in found}
    for code, known in (
        ("tls_not_spoken", NO_TLS),
        ("tls_protocol_wrong", PROTOCOL_WRONG),
        ("tls_name_unknown", NAME_UNKNOWN),
    ):
        if reasons & set(known):
            return Message.of(code)
    return Message.of("tls_failed")
