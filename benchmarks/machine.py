"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import percentile

_WRITES = 200


def describe(folder: Path) -> dict[str, str | float]:
    """The machine, its load now, and what it costs to reach the disk on which `folder` lies."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "load_1m": round(os.getloadavg()[0], 2),
        "fsync_4k_p50_ms": round(_fsync_milliseconds(folder), 3),
    }


def _fsync_milliseconds(folder: Path) -> float:
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_WRITES):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return percentile(taken, 50)
