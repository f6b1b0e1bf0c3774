"""Visits a host, and looks at its certificate: a function of a `python` step."""

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

DAY = 24 * 3600


@dataclass
class Checked:
    host: str
    is_renewed: bool
    remark: str
    days_left: int = 0


def check(port: int, folder: Path, host: str, days: int) -> Checked:
    """Raises OSError when nobody listens. A certificate that warns visitors away is no error, but an outcome."""
    trusting = ssl.create_default_context(cafile=str(folder / host / "cert.pem"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            with trusting.wrap_socket(connection, server_hostname=host) as secure:
                shown = secure.getpeercert() or {}
                secure.recv(1024)
        except ssl.SSLError as error:
            return Checked(host, False, f"visitors are warned: {error.reason}")
    left = int(ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()) // DAY
    print(f"{host}: the handshake succeeds, {left} days left")
    return Checked(host, left >= days, f"{left} days left", left)
