"""What happens in the workspace only because time passes."""

import asyncio
import logging

from sandbox.clock import LONGEST_NAP
from sandbox.context import Sandbox
from sandbox.posting import post_due

log = logging.getLogger(__name__)


async def keep_time(sandbox: Sandbox) -> None:
    """Post scheduled messages when they are due, until cancelled."""
    while True:
        try:
            post_due(sandbox)
        except Exception:  # the clock goes on, whatever one message does
            log.exception("tick_failed")
        await asyncio.sleep(LONGEST_NAP)
