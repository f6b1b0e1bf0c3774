"""Measures disk and memory of this machine, as a table for people and as JSON in $HANDRAIL_OUTPUT."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

GIB = 1024**3
Usage = dict[str, float]


def usage(used: int, total: int) -> Usage:
    """Bytes as people and thresholds want them."""
    return {
        "used_gib": round(used / GIB, 1),
        "total_gib": round(total / GIB, 1),
        "percent": round(100 * used / total, 1) if total else 0.0,
    }


def disk(path: str) -> Usage:
    """Of the space that ordinary users can have, as in df's percentage: what is reserved for root is left out."""
    found = shutil.disk_usage(path)
    return usage(found.used, found.used + found.free)


def memory() -> Usage:
    if platform.system() == "Darwin":
        total = int(_output("/usr/sbin/sysctl", "-n", "hw.memsize"))
        return usage(total - available_of_vm_stat(_output("/usr/bin/vm_stat")), total)
    total, available = totals_of_meminfo(Path("/proc/meminfo").read_text())
    return usage(total - available, total)


def totals_of_meminfo(text: str) -> tuple[int, int]:
    """Total and available bytes from Linux's /proc/meminfo."""
    kib = {name: int(amount) for name, amount in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    return kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024


def available_of_vm_stat(text: str) -> int:
    """Bytes that macOS can hand out, from its vm_stat."""
    found = re.search(r"page size of (\d+) bytes", text)
    page = int(found[1]) if found else 4096
    pages = {name: int(count) for name, count in re.findall(r"^Pages (.+?):\s+(\d+)\.", text, re.MULTILINE)}
    return page * sum(pages.get(name, 0) for name in ("free", "inactive", "speculative", "purgeable"))


def warnings_above(threshold: int, measured: Mapping[str, Usage]) -> list[str]:
    return [
        f"The {what} is {found['percent']} % full, above {threshold} %."
        for what, found in measured.items()
        if found["percent"] > threshold
    ]


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout


def main() -> None:
    path = os.environ["PARAM_PATH"]
    try:
        measured = {"disk": disk(path), "memory": memory()}
    except OSError as error:
        sys.exit(f"{error.filename or path} could not be measured: {error.strerror}.")

    print(f"{'':8}{'used GiB':>10}{'total GiB':>11}{'percent':>9}")
    for what, found in measured.items():
        print(f"{what:8}{found['used_gib']:10.1f}{found['total_gib']:11.1f}{found['percent']:9.1f}")

    warnings = warnings_above(int(os.environ["PARAM_WARN_PERCENT"]), measured)
    report = {"host": platform.node(), "system": platform.system(), **measured, "warnings": warnings}
    Path(os.environ["HANDRAIL_OUTPUT"]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
