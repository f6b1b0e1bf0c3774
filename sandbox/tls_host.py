"""A tiny TLS host on the loopback interface, for workflows that look at certificates.

Its certificate is self-signed, made anew at each start, and good for 45 days. Whatever is asked of it, it
answers with one sentence.
"""

import asyncio
import datetime
import ipaddress
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

VALID_DAYS = 45

_HANDSHAKE_SECONDS = 5.0
_REQUEST_SECONDS = 2.0
_SENTENCE = b"This host only shows its certificate.\n"
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


@asynccontextmanager
async def serve(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve while the context is open; gives the port, which port 0 leaves to the system. OSError when the
    port is taken."""
    context = await asyncio.to_thread(_make_context, host)
    server = await asyncio.start_server(
        _answer, host, port, ssl=context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def make_certificate(host: str, now: datetime.datetime) -> tuple[bytes, bytes]:
    """A self-signed certificate for an address and `localhost`, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox TLS host")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(host))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        # a little more than 45 days, so that "whole days left" says 45 for a while
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS, hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), key_pem


def _make_context(host: str) -> ssl.SSLContext:
    certificate, key = make_certificate(host, datetime.datetime.now(datetime.UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads them from files only: in a folder for us alone, gone again at once
    with tempfile.TemporaryDirectory(prefix="sandbox-tls-") as folder:
        path = Path(folder, "host.pem")
        path.write_bytes(key + certificate)
        context.load_cert_chain(path)
    return context


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(_REQUEST_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER)
            await writer.drain()
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return  # whoever only wanted the certificate hangs up without a request
    finally:
        writer.close()
