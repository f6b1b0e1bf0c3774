"""Packs the service into one archive, the same bytes for the same sources, and prints its digest."""

import ast
import hashlib
import json
import os
import zipfile
from pathlib import Path

SOURCES = Path(__file__).with_name("app")
ANY_TIME = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that the archive depends on the sources only


def pack(archive: Path, sources: list[Path]) -> str:
    """Write the archive; its SHA-256."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sources:
            file.writestr(zipfile.ZipInfo(path.name, ANY_TIME), path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def main() -> None:
    service, version = os.environ["PARAM_SERVICE"], os.environ["PARAM_VERSION"]
    sources = sorted(SOURCES.glob("*.py"))
    for path in sources:
        ast.parse(path.read_bytes(), path.name)  # a syntax error ends the step here
        print(f"checked {path.name}", flush=True)
    archive = Path(os.environ["HANDRAIL_TMP"], f"{service}-{version}.zip")  # removed with the step
    digest = pack(archive, sources)
    print(f"packed {len(sources)} files into {archive.name}, {archive.stat().st_size} bytes")
    # The last line of stdout is the step's result when it is JSON.
    print(json.dumps({"archive": archive.name, "files": len(sources), "sha256": digest}))


if __name__ == "__main__":
    main()
