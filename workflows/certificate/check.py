"""Says how many days a server's certificate is still valid. It is read, not trusted: self-signed ones will do."""

import datetime
import json
import os
import ssl
import sys

from cryptography import x509

TIMEOUT_SECONDS = 10
DAY = datetime.timedelta(days=1)


def fetch(host: str, port: int) -> x509.Certificate:
    """The certificate that the server shows. OSError when there is none to be had."""
    pem = ssl.get_server_certificate((host, port), timeout=TIMEOUT_SECONDS)
    return x509.load_pem_x509_certificate(pem.encode())


def days_left(certificate: x509.Certificate, now: datetime.datetime) -> int:
    """Whole days until it expires; negative once it has."""
    return (certificate.not_valid_after_utc - now) // DAY


def main() -> None:
    host, port, wanted = (
        os.environ["PARAM_HOST"],
        int(os.environ["PARAM_PORT"]),
        int(os.environ["PARAM_WARN_DAYS"]),
    )
    try:
        certificate = fetch(host, port)
    except OSError as error:
        sys.exit(
            f"{host}:{port} showed no certificate: {error}. Is it the right port, and does it speak TLS?"
        )

    left = days_left(certificate, datetime.datetime.now(datetime.UTC))
    print(f"subject  {certificate.subject.rfc4514_string()}")
    print(f"issuer   {certificate.issuer.rfc4514_string()}")
    print(f"expires  {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    if left < wanted:
        state = f"expired {-left} days ago" if left < 0 else f"expires in {left} days"
        sys.exit(f"The certificate of {host}:{port} {state}; at least {wanted} must be left. Renew it now.")
    result = {
        "days_left": left,
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
