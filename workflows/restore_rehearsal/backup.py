"""Backs the database up while it may be in use, by SQLite's own means, and brings the backup to the archive."""

import http.client
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def main() -> None:
    folder = Path(os.environ["FOLDER"])
    copy = Path(os.environ["HANDRAIL_TMP"], "backup.db")  # removed with the step
    with (
        closing(sqlite3.connect(folder / "original.db")) as original,
        closing(sqlite3.connect(copy)) as backup,
    ):
        original.backup(backup)
    archive = http.client.HTTPConnection("127.0.0.1", int(os.environ["ARCHIVE_PORT"]), timeout=60)
    with closing(archive):
        archive.request("PUT", f"/backups/{os.environ['PARAM_DATABASE']}", copy.read_bytes())
        status = archive.getresponse().status
    if status != 201:
        sys.exit(f"The archive did not take the backup: {status}.")
    print(json.dumps({"bytes": copy.stat().st_size}))


if __name__ == "__main__":
    main()
