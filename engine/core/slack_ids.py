"""The shapes of Slack's ids."""

from __future__ import annotations

import re

USER_ID = re.compile(r"[UW][A-Z0-9]{1,30}", re.ASCII)
GROUP_ID = re.compile(r"S[A-Z0-9]{1,30}", re.ASCII)
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{1,30}", re.ASCII)
FILE_ID = re.compile(r"F[A-Z0-9]{1,30}", re.ASCII)
