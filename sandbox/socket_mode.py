"""Socket Mode: the WebSockets that an app opens, what goes over them, and what it acknowledges."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.clock import Clock, sleep_until
from sandbox.config import SandboxConfig
from sandbox.origins import is_foreign
from sandbox.people import APP_ID
from sandbox.transport import DeliveryMode, Family, Outgoing, Packet, Reply, TransportName
from sandbox.types import Json

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 10  # docs.slack.dev/apis/events-api/using-socket-mode
TICKET_SECONDS = 30.0
CONNECTION_SECONDS = 18_060.0  # about five hours, as Slack's hello says
DEBUG_CONNECTION_SECONDS = 360.0  # with debug_reconnects=true
WARNING_SECONDS = 10.0  # before a connection ends, Slack says so
_MOST_TICKETS = 1_000

_TYPES: dict[Family, str] = {"command": "slash_commands", "event": "events_api"}

DisconnectReason: TypeAlias = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class _ConnectionLostError(Exception):
    """The WebSocket went away before the acknowledgement came."""


class _Connection:
    """One open WebSocket of the app. `take` gets what the app answers, to whichever envelope: a client that has
    just connected anew answers there also what came over the connection before."""

    def __init__(self, socket: WebSocket, take: Callable[[Json], None]) -> None:
        self._socket = socket
        self._take = take
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self.is_leaving = False

    async def say(self, frame: Json) -> None:
        await self._send(json.dumps(frame))

    async def exchange(self, key: str, text: str) -> Json:
        """Send an envelope and wait for what the app answers to it; raises _ConnectionLostError."""
        answer = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            await self._send(text)
            return await asyncio.shield(answer)
        finally:
            self._waiting.pop(key, None)

    async def listen(self) -> None:
        """Take the app's frames until the connection ends."""
        while True:
            frame = await self._socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            answer = _read(frame.get("text"))
            if answer is None:
                log.warning("socket_frame_ignored reason=no_json_object")
            else:
                self._take(answer)

    def settle(self, answer: Json) -> bool:
        """Whether the answer is to an envelope that went over this connection."""
        asked = self._waiting.get(str(answer.get("envelope_id")))
        if asked is not None and not asked.done():
            asked.set_result(answer)
        return asked is not None

    async def leave(self, reason: DisconnectReason) -> None:
        """Tell the app to connect anew. After a warning the connection still lives for a while."""
        self.is_leaving = True
        host = {"host": "sandbox"}
        with suppress(_ConnectionLostError):
            await self.say({"type": "disconnect", "reason": reason, "debug_info": host})
            if reason != "warning":
                await self._socket.close()

    def give_up(self) -> None:
        """It is closed: nothing that was asked is answered any more."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_ConnectionLostError())
                answer.exception()  # somebody who waits no longer need not be told

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise _ConnectionLostError from error


class SocketMode:
    """All connections of the app. An envelope goes to one of them, each in its turn."""

    name: TransportName = "socket_mode"

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._tickets: dict[str, float] = {}  # when each was given
        self._connections: list[_Connection] = []
        self._turn = 0

    @property
    def count(self) -> int:
        return len(self._connections)

    def address(self) -> str:
        """Where the app may connect once, soon."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = self._clock.now()
        if len(self._tickets) > _MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        query = urlencode({"ticket": ticket, "app_id": APP_ID})
        base = urlsplit(self._config.public_url)
        return f"{'wss' if base.scheme == 'https' else 'ws'}://{base.netloc}/link/?{query}"

    def redeem(self, ticket: str) -> bool:
        """Use a ticket up, which is good for one connection; False for a wrong, used or old one."""
        issued_at = self._tickets.pop(ticket, None)
        return issued_at is not None and self._clock.now() - issued_at <= TICKET_SECONDS

    def pack(self, message: Outgoing, url: str | None, mode: DeliveryMode) -> Packet:
        """An envelope. There is no address and no signature, so `url` and `mode` say nothing here."""
        key = str(uuid4())
        is_event = message.family == "event"
        envelope: Json = {
            "envelope_id": key,
            "payload": message.payload,
            "type": _TYPES.get(message.family, "interactive"),
            "accepts_response_payload": not is_event,
        }
        if is_event:
            envelope["retry_attempt"] = message.retry.number if message.retry is not None else 0
            envelope["retry_reason"] = message.retry.reason if message.retry is not None else ""
        return Packet(json.dumps(envelope), key=key)

    async def send(self, packet: Packet) -> Reply:
        try:
            async with asyncio.timeout(self._config.ack_seconds):
                answer = await self._exchange(packet)
        except TimeoutError:
            return Reply("operation_timeout", reason="timeout")
        except _ConnectionLostError:
            return Reply("dispatch_failed", reason="connection_failed")
        payload = answer.get("payload")
        is_empty = payload is None or payload == {}
        return Reply(None, body="" if is_empty else json.dumps(payload), content_type="application/json")

    async def _exchange(self, packet: Packet) -> Json:
        """Over one connection; over the next when it breaks off, as Slack then delivers again."""
        for _ in range(self.count):
            connection = self._next()
            if connection is None:
                break
            with suppress(_ConnectionLostError):
                return await connection.exchange(packet.key, packet.body)
        raise _ConnectionLostError

    async def serve(self, socket: WebSocket, seconds: float, *, is_enabled: bool) -> None:
        """Hold one connection until it ends, which is after so many seconds at the latest."""
        await socket.accept()
        connection = _Connection(socket, self._take)
        if not is_enabled or self.count >= MOST_CONNECTIONS:
            await connection.leave("too_many_websockets" if is_enabled else "link_disabled")
            return
        self._connections.append(connection)
        ageing = asyncio.create_task(self._age(connection, seconds))
        try:
            await connection.say(self._hello(seconds))
            await connection.listen()
        except _ConnectionLostError:
            log.info("socket_lost_at_hello")
        finally:
            ageing.cancel()
            self._connections.remove(connection)
            connection.give_up()

    async def disconnect_all(self, reason: DisconnectReason) -> None:
        """Send every connection away: 'link_disabled' when Socket Mode is switched off."""
        await asyncio.gather(*(connection.leave(reason) for connection in list(self._connections)))

    def _take(self, answer: Json) -> None:
        if not any(connection.settle(answer) for connection in self._connections):
            log.warning("socket_frame_ignored reason=unknown_envelope_id")

    def _next(self) -> _Connection | None:
        staying = [connection for connection in self._connections if not connection.is_leaving]
        usable = staying or self._connections
        if not usable:
            return None
        self._turn += 1
        return usable[self._turn % len(usable)]

    async def _age(self, connection: _Connection, seconds: float) -> None:
        ends_at = self._clock.now() + seconds
        await sleep_until(self._clock, ends_at - WARNING_SECONDS)
        await connection.leave("warning")
        await sleep_until(self._clock, ends_at)
        await connection.leave("refresh_requested")

    def _hello(self, seconds: float) -> Json:
        return {
            "type": "hello",
            "num_connections": self.count,
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": int(seconds)},
            "connection_info": {"app_id": APP_ID},
        }


def socket_mode_routes(hub: SocketMode, is_enabled: Callable[[], bool]) -> list[BaseRoute]:
    """The address that apps.connections.open gives. Pages of other sites, and used tickets, are refused."""

    async def endpoint(socket: WebSocket) -> None:
        if is_foreign(socket) or not hub.redeem(socket.query_params.get("ticket", "")):
            await socket.close()  # before it is accepted: the handshake is answered with 403
            return
        is_debugging = socket.query_params.get("debug_reconnects") == "true"
        seconds = DEBUG_CONNECTION_SECONDS if is_debugging else CONNECTION_SECONDS
        await hub.serve(socket, seconds, is_enabled=is_enabled())

    return [WebSocketRoute(path, endpoint) for path in ("/link", "/link/")]


def _read(text: str | None) -> Json | None:
    try:
        frame: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None
