"""A host's key and certificate: two files in its folder, `key.pem` and `cert.pem`."""

import datetime
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

CLOCKS_DIFFER = datetime.timedelta(minutes=5)


def issue(folder: Path, host: str, days: int) -> None:
    """Put a new key and a certificate that it signed itself into the folder, or nothing at all."""
    now = datetime.datetime.now(datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + datetime.timedelta(days=days) + CLOCKS_DIFFER)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pems = {
        "key.pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "cert.pem": certificate.public_bytes(Encoding.PEM),
    }
    for file, pem in pems.items():
        (folder / f"{file}.new").write_bytes(pem)
    for file in pems:
        os.replace(folder / f"{file}.new", folder / file)
