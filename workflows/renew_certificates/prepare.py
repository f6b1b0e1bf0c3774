"""Makes the hosts: a folder for each, with a certificate that is nearly over, and a port. One of them is locked."""

import json
import os
import socket
import tempfile
from pathlib import Path

from pems import issue

LOCKED = "legacy.example.com"
DAYS_LEFT = 2


def main() -> None:
    # $HANDRAIL_TMP is gone when this step ends; other steps need this folder, and the last one removes it.
    folder = Path(tempfile.mkdtemp(prefix="handrail-certificates-"))
    for host in json.loads(os.environ["PARAM_HOSTS"]):
        (folder / host).mkdir()
        issue(folder / host, host, DAYS_LEFT)
        print(f"{host}: {DAYS_LEFT} days left")
        if host == LOCKED:
            (folder / host / "lock").write_text("since 2019\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        print(json.dumps({"folder": str(folder), "port": free.getsockname()[1]}))


if __name__ == "__main__":
    main()
