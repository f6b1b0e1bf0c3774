"""Makes a database with data that is the same each time, in a new folder."""

import json
import os
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

TABLES = {"orders": ("orders", "positions"), "users": ("users", "addresses")}


def fill(path: Path, tables: tuple[str, ...], rows: int) -> None:
    chance = random.Random(rows)
    with closing(sqlite3.connect(path)) as database, database:
        for table in tables:
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, amount REAL)")
            database.executemany(
                f"INSERT INTO {table} (name, amount) VALUES (?, ?)",
                ((f"{table}-{chance.getrandbits(64):016x}", chance.random()) for _ in range(rows)),
            )


def main() -> None:
    # $HANDRAIL_TMP is gone when this step ends; other steps need this folder, and the last one removes it.
    folder = Path(tempfile.mkdtemp(prefix="handrail-restore-"))
    fill(folder / "original.db", TABLES[os.environ["PARAM_DATABASE"]], int(os.environ["PARAM_ROWS"]))
    print(json.dumps({"folder": str(folder), "bytes": (folder / "original.db").stat().st_size}))


if __name__ == "__main__":
    main()
