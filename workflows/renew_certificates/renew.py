"""Renews one host's certificate. Exit code 75 (try again later) when somebody has locked it."""

import os
import sys
from pathlib import Path

from pems import issue

TRY_LATER = 75


def main() -> int:
    host = os.environ["HOST"]
    folder = Path(os.environ["FOLDER"], host)
    print(f"{os.environ['NUMBER']}: {host}, ticket {os.environ['TICKET']}", flush=True)
    if (folder / "lock").exists():
        print(f"{host} is locked {(folder / 'lock').read_text().strip()}.", file=sys.stderr)
        return TRY_LATER
    issue(folder, host, int(os.environ["PARAM_DAYS"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
