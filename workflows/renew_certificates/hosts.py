"""All hosts in one small process: whoever says which host is wanted (SNI) is shown its certificate, as it lies in
the host's folder at that moment.

It listens on the loopback interface only, and ends when there is a file `stop`, or after two minutes.
"""

import json
import os
import socket
import ssl
import time
from pathlib import Path

LONGEST_LIFE_SECONDS = 120
GREETING = b"This host only shows its certificate.\n"


def serve(folder: Path, port: int) -> int:
    """How many visitors came."""
    hosts = {path.name for path in folder.iterdir() if path.is_dir()}

    def show(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        if name not in hosts:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            own.load_cert_chain(folder / name / "cert.pem", folder / name / "key.pem")
        except OSError as error:
            print(f"{name} has no certificate to show: {error}", flush=True)
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = own
        return None

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.sni_callback = show
    visitors, end = 0, time.monotonic() + LONGEST_LIFE_SECONDS
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        while time.monotonic() < end and not (folder / "stop").exists():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            visitors += 1
            greet(connection, context)
    return visitors


def greet(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.settimeout(5)
    try:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(GREETING)
            print(f"greeted with {secure.version()}", flush=True)
    except OSError as error:  # a visitor who does not like what it sees hangs up
        print(f"a visitor has gone: {error}", flush=True)
    finally:
        connection.close()


def main() -> None:
    print(json.dumps({"visitors": serve(Path(os.environ["FOLDER"]), int(os.environ["HOSTS_PORT"]))}))


if __name__ == "__main__":
    main()
