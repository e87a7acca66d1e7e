"""The TLS context of connections to a server, as the options of DATABASE_URL ask for it."""

from __future__ import annotations

import ssl

from core.errors import SettingsError
from storage.engines.url_options import TlsMode, TlsOptions


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """Return the context for all connections; by default it verifies nothing.

    Raises:
        SettingsError: one of the files cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = options.mode is TlsMode.VERIFY_IDENTITY
    context.verify_mode = ssl.CERT_REQUIRED if options.mode.verifies else ssl.CERT_NONE
    if options.ca is not None:
        try:
            context.load_verify_locations(cafile=options.ca)
        except OSError as error:
            raise _unusable("ssl_ca", options.ca, error) from error
    elif options.mode.verifies:
        context.load_default_certs()
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key)
        except OSError as error:
            raise _unusable("ssl_cert", options.cert, error) from error
    return context


def _unusable(name: str, path: str, error: OSError) -> SettingsError:
    detail = error.strerror or str(error)
    return SettingsError("database_tls_file", name=name, path=path, detail=detail)
