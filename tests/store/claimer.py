"""A process that claims until nothing is due: `python -m tests.store.claimer URL THREADS`.

It says "ready", waits for a line, and prints the ids of the tasks that it claimed as JSON.
"""

from __future__ import annotations

import json
import os
import sys

from store.database import Database
from store.tasks import claim_next
from tests.store.builders import LEASE_MS, at_once


def main(url: str, threads: int) -> None:
    database = Database(url, lock_timeout_seconds=30)

    def claim_all(number: int) -> list[str]:
        claimed: list[str] = []
        while True:
            with database.write() as c:
                claim = claim_next(c, f"worker-{os.getpid()}-{number}", LEASE_MS)
            if claim is None:
                return claimed
            claimed.append(claim.task_id)

    with database.read():
        print("ready", flush=True)  # noqa: T201 -- it is what the test reads
    sys.stdin.readline()
    found = at_once(threads, claim_all)
    database.dispose()
    print(json.dumps([task for tasks in found for task in tasks]))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
