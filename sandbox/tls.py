"""A self-signed certificate for 127.0.0.1, made when the first client speaks TLS."""

from __future__ import annotations

import ssl
import tempfile
import threading
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

_NAMES = ("localhost", "sandbox.test", "*.sandbox.test")
# The certificate is made anew for each sandbox; fixed dates make it good under any clock.
_FIRST_DAY, _LAST_DAY = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


class Certificate:
    """A key pair that lives as long as the sandbox; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pem = b""
        self._context: ssl.SSLContext | None = None

    def pem(self) -> str:
        """Return the certificate, which a client that trusts it uses as its CA bundle."""
        self.context()
        return self._pem.decode("ascii")

    def context(self) -> ssl.SSLContext:
        """Return what the server's side of a connection needs."""
        with self._lock:
            if self._context is None:
                key, self._pem = _make()
                self._context = _context(key, self._pem)
            return self._context


def _context(key: bytes, certificate: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sandbox.pem"
        path.write_bytes(key + certificate)
        context.load_cert_chain(path)
    return context


def _make() -> tuple[bytes, bytes]:
    # Imported here, as most sandboxes never speak TLS and a command should start at once.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Baton sandbox")])
    names = [x509.DNSName(each) for each in _NAMES]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FIRST_DAY)
        .not_valid_after(_LAST_DAY)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), *names]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem_key, certificate.public_bytes(serialization.Encoding.PEM)
