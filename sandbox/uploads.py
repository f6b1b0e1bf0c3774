"""Files that people choose in a form: what Slack tells an app of them."""

import hashlib
import mimetypes
import time
from typing import Any

from sandbox.errors import ControlError
from sandbox.file_kinds import file_type
from sandbox.people import TEAM_ID
from sandbox.types import Json

MOST_BYTES = 10_000_000
MOST_FILES = 10


def uploaded_file(raw: Any) -> Json:
    """Slack's description of a file: of one that was uploaded, or of a name or {name, size, mimetype} alone.

    Without an upload there are no bytes behind it, and one name and size keeps one id.
    """
    given = {"name": raw} if isinstance(raw, str) else raw
    if isinstance(given, dict) and "url_private" in given:
        return given
    name, size = (given.get("name"), given.get("size", 1)) if isinstance(given, dict) else (None, None)
    if (
        not isinstance(name, str)
        or not name
        or not isinstance(size, int)
        or isinstance(size, bool)
        or size < 0
    ):
        raise ControlError(
            "impossible_value", f"Nobody can upload {str(raw)[:80]!r}: a file has a name and a size."
        )
    kind = given.get("mimetype") or mimetypes.guess_type(name)[0] or "application/octet-stream"
    suffix = file_type(name)
    now = int(time.time())
    return {
        "id": "F0"
        + hashlib.sha256(repr((name, size, kind)).encode("utf-8", "replace")).hexdigest()[:9].upper(),
        "created": now,
        "timestamp": now,
        "name": name,
        "title": name,
        "mimetype": str(kind),
        "filetype": suffix or "binary",
        "pretty_type": suffix.upper() or "Binary",
        "user_team": TEAM_ID,
        "editable": False,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
    }
