"""One piece of what a step wrote, as it is kept and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StreamName = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Plain text, masked but not escaped. `seq` counts from 1 over both streams of an attempt, in the order
    the text came; `at` is the milliseconds since 1970 (UTC) when its first character came."""

    seq: int
    stream: StreamName
    at: int
    text: str
