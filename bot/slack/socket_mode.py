"""Socket Mode: Slack's requests over a connection that we open, for workspaces that cannot reach us.

An envelope is acknowledged with its answer, or, when it has a shape that Slack does not send, without one, so that
Slack does not send it again and again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from slack_bolt import BoltResponse
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.parse import BadShape, SlackRequest, check

logger = logging.getLogger("handrail.socket_mode")

Dispatch = Callable[[SlackRequest], Awaitable[BoltResponse]]


@asynccontextmanager
async def connected(app_token: str, web_client: AsyncWebClient, dispatch: Dispatch) -> AsyncIterator[None]:
    """Receive requests while the context is open. The connection comes back by itself when it is lost."""
    client = SocketModeClient(app_token=app_token, web_client=web_client, logger=logger)

    async def receive(connection: AsyncBaseSocketModeClient, envelope: SocketModeRequest) -> None:
        began = time.time()
        try:
            answer = await dispatch(check(envelope.payload))
        except BadShape as problem:
            logger.warning("envelope_refused reason=%s", problem)
            await connection.send_socket_mode_response(SocketModeResponse(envelope_id=envelope.envelope_id))
        else:
            await send_async_response(connection, envelope, answer, began)

    client.socket_mode_request_listeners.append(receive)
    await client.connect()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await client.close()  # type: ignore[no-untyped-call]
