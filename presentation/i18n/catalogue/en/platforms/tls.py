"""TLS connections that fail: to platforms, proxies and receivers of reports."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "tls_failed": "no TLS connection",
    "tls_broken_off": "the TLS connection was broken off",
    "tls_not_spoken": "no TLS is spoken there, but plain HTTP or something else",
    "tls_protocol_wrong": "the two sides have no TLS version or cipher in common",
    "tls_name_unknown": "the other side has no certificate for that host name",
    "certificate_expired": "the certificate has expired",
    "certificate_not_yet_valid": "the certificate is not valid yet",
    "certificate_name_wrong": "the certificate is that of another host name",
    "certificate_issuer_unknown": "the certificate's issuer is not known here",
    "certificate_self_signed": "the certificate is self-signed",
    "certificate_revoked": "the certificate was revoked",
    "certificate_not_trusted": "the certificate is not trusted",
    "proxy_certificate_wrong": "the proxy's own certificate: {cause}",
    # of receivers of reports, where a setting helps
    "receiver_issuer_unknown": "its certificate's issuer is not known here",
    "receiver_self_signed": "its certificate is self-signed",
    "ca_file_unusable": "BATON_WEBHOOK_CA_FILE: {file} has no certificates to use ({detail})",
}

_TO_DO: dict[str, Forms] = {
    "tls_not_spoken": "check scheme and port: does it speak http:// only?",
    "tls_protocol_wrong": "the other side has to speak TLS 1.2 or newer",
    "certificate_expired": "if the clock of this host is right, the other side has to renew it",
    "certificate_not_yet_valid": "is the clock of this host right?",
    "certificate_name_wrong": "check the host's name; a sign-in page of the network may answer",
    "certificate_issuer_unknown": "a firewall or proxy may read along: leave by another route",
    "certificate_self_signed": "a firewall or proxy may read along: leave by another route",
    "proxy_certificate_wrong": "if it is a plain HTTP proxy, write it with http://",
    "receiver_issuer_unknown": "name the issuer's certificate (PEM) in BATON_WEBHOOK_CA_FILE",
    "receiver_self_signed": "name that certificate (PEM) in BATON_WEBHOOK_CA_FILE",
    "ca_file_unusable": "name a PEM file",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
