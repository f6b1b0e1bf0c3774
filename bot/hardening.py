"""What our own processes do so that steps, which run as the same user, learn nothing from them."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """On Linux: no other process of this user reads our memory or environment, and no core dump is written.
    What we start is not affected. (Nothing keeps out root: steps do not belong there.)"""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
