"""Brings to the app what happens: chooses the way and the address, and keeps a log of it all."""

import asyncio
import secrets
from collections.abc import Callable

from sandbox.clock import Clock
from sandbox.config import SandboxConfig
from sandbox.delivery_log import DeliveryLog
from sandbox.errors import ControlError
from sandbox.faults import Trouble
from sandbox.http_transport import HttpTransport
from sandbox.manifest import Manifest
from sandbox.payloads import VERIFICATION_TOKEN
from sandbox.transport import (
    DELIVERY_MODES,
    DeliveryMode,
    Family,
    Outgoing,
    Packet,
    Reply,
    Retry,
    Transport,
)
from sandbox.types import Json
from sandbox.url_checks import challenge_problem, ssl_check_problem

__all__ = ["DELIVERY_MODES", "Delivery", "DeliveryMode", "Reply"]


class Delivery:
    """Tells the app things: over Socket Mode, where it has switched that on, or at its manifest's addresses."""

    def __init__(
        self,
        config: SandboxConfig,
        clock: Clock,
        manifest: Callable[[], Manifest],
        socket_mode: Transport,
        trouble: Trouble,
    ) -> None:
        self._clock = clock
        self._manifest = manifest
        self._http = HttpTransport(config)
        self._socket_mode = socket_mode
        self._trouble = trouble
        self.log = DeliveryLog()
        self.mode: DeliveryMode = "once"

    async def close(self) -> None:
        await self._http.close()

    def rows(self) -> list[Json]:
        """The log; what its rows are made of says DeliveryLog."""
        return self.log.rows()

    def reset(self) -> None:
        self.log.clear()
        self.mode = "once"

    async def send_payload(self, payload: Json) -> Reply:
        """An interaction, or the question for a menu's options."""
        return (await self._send(Outgoing(str(payload["type"]), payload)))[0]

    async def send_command(self, fields: dict[str, str]) -> Reply:
        """A slash command."""
        return (await self._send(Outgoing("command", fields)))[0]

    async def send_event(self, wrapper: Json, retry: Retry | None = None) -> Reply:
        """An event in its wrapper, or a repetition of one."""
        return (await self._send(Outgoing(str(wrapper["type"]), wrapper, retry)))[0]

    def takes_events(self) -> bool:
        """Whether the app has said where its events should go."""
        return self._uses_socket_mode() or self._url("event", {}) is not None

    async def resend(self, number: int) -> Json:
        """Send the request of a row of the log once more, freshly signed; gives the new row."""
        message = self.log.message(number)
        if message is None:
            raise ControlError("delivery_not_found", f"There is no delivery {number} any more.", 404)
        fresh = Outgoing(message.kind, message.payload, url=message.url)
        return (await self._send(fresh, resent_from=number))[1]

    async def verify_url(self, url: str) -> str | None:
        """Ask an address for events or interactions to prove itself; a sentence when it does not."""
        challenge = secrets.token_urlsafe(39)
        payload = {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}
        reply, _ = await self._send(Outgoing("url_verification", payload, url=url))
        return challenge_problem(url, reply, challenge)

    async def check_ssl(self, url: str) -> str | None:
        """Probe a command's address as Slack does now and then; a sentence when it refuses."""
        payload = {"ssl_check": "1", "token": VERIFICATION_TOKEN}
        reply, _ = await self._send(Outgoing("ssl_check", payload, url=url))
        return ssl_check_problem(url, reply)

    async def _send(self, message: Outgoing, resent_from: int | None = None) -> tuple[Reply, Json]:
        transport: Transport = self._http
        url = message.url
        if url is None and self._uses_socket_mode():
            transport = self._socket_mode
        elif url is None:
            url = self._url(message.family, message.payload)
        mode = self.mode
        packet = transport.pack(message, url, mode)
        at = self._clock.now()
        if mode == "twice_at_once":
            replies = list(
                await asyncio.gather(*(self._timed(transport, packet, message.kind) for _ in range(2)))
            )
        else:
            replies = [await self._timed(transport, packet, message.kind)]
            if mode == "twice":
                replies.append(await self._timed(transport, packet, message.kind))
        row = self.log.add(message, packet, transport.name, at, replies, resent_from, mode)
        return replies[0][0], row

    async def _timed(self, transport: Transport, packet: Packet, kind: str) -> tuple[Reply, float]:
        """One request, and how many seconds the app took; a wait that was ordered before it does not count."""

        async def send() -> tuple[Reply, float]:
            loop = asyncio.get_running_loop()
            started = loop.time()
            reply = await transport.send(packet)
            return reply, loop.time() - started

        return await self._trouble.around(kind, send, _failed_as_ordered)

    def _uses_socket_mode(self) -> bool:
        return self._manifest().socket_mode

    def _url(self, family: Family, payload: Json) -> str | None:
        """The app's address for one sort of request; None when it has named none."""
        manifest = self._manifest()
        match family:
            case "command":
                command = manifest.command(str(payload.get("command")))
                return command.url if command is not None else None
            case "options":
                return manifest.options_url
            case "event":
                return manifest.events_url
            case _:
                return manifest.actions_url


def _failed_as_ordered(code: str, status: int | None) -> tuple[Reply, float]:
    return Reply(code, status, is_ordered=True), 0.0
