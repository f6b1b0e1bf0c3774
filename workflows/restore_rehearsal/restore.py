"""Fetches the backup from the archive, restores it into a new database, and says how long that took."""

import http.client
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path


def main() -> None:
    begin = time.monotonic()
    archive = http.client.HTTPConnection("127.0.0.1", int(os.environ["ARCHIVE_PORT"]), timeout=60)
    with closing(archive):
        archive.request("GET", f"/backups/{os.environ['PARAM_DATABASE']}")
        answer = archive.getresponse()
        if answer.status != 200:
            sys.exit(f"The archive does not give the backup back: {answer.status}.")
        copy = Path(os.environ["HANDRAIL_TMP"], "backup.db")
        copy.write_bytes(answer.read())
    with (
        closing(sqlite3.connect(copy)) as backup,
        closing(sqlite3.connect(Path(os.environ["FOLDER"], "restored.db"))) as restored,
    ):
        backup.backup(restored)
    print(json.dumps({"seconds": round(time.monotonic() - begin, 3)}))


if __name__ == "__main__":
    main()
