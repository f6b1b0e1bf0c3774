"""The app's shortcuts: those of the menu beside the composer, and those in the menu of a message."""

from typing import Literal

from sandbox.context import Sandbox
from sandbox.errors import ControlError
from sandbox.manifest import Shortcut
from sandbox.payloads import VERIFICATION_TOKEN, message_place
from sandbox.people import TEAM_DOMAIN, TEAM_ID, Person
from sandbox.replies import TROUBLE
from sandbox.sight import Choice, Sight
from sandbox.types import Json


class Shortcuts:
    """Runs them for a person. Impossible ones raise ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sight = Sight(sandbox.workspace)

    async def run(self, user: str, callback_id: str) -> Json:
        """Choose a global shortcut. The app learns neither a channel nor a response URL."""
        person = self._sight.person(user)
        self._known(callback_id, "global")
        payload = self._payload("shortcut", callback_id, person) | {
            "user": {"id": person.id, "username": person.name, "team_id": TEAM_ID}
        }
        return await self._send(user, payload, None)

    async def run_on(self, user: str, callback_id: str, channel: str, ts: str) -> Json:
        """Choose a shortcut in the menu of a message."""
        person = self._sight.person(user)
        self._known(callback_id, "message")
        place, message = self._sight.message(user, Choice("", channel=channel, ts=ts))
        if message.ephemeral_for is not None:
            raise ControlError("no_menu", "A message that only one person sees has no shortcuts.")
        told = message_place(message, place)
        payload = self._payload("message_action", callback_id, person) | {
            "user": {"id": person.id, "name": person.name},
            "channel": told["channel"],
            "message_ts": message.ts,
            "message": told["message"],
            "response_url": self._sandbox.response_urls.for_message(place.id, user, message.ts),
        }
        return await self._send(user, payload, place.id)

    def _known(self, callback_id: str, kind: Literal["global", "message"]) -> Shortcut:
        mine = [shortcut for shortcut in self._sandbox.manifest.shortcuts if shortcut.type == kind]
        found = next((shortcut for shortcut in mine if shortcut.callback_id == callback_id), None)
        if found is None:
            known = ", ".join(repr(shortcut.callback_id) for shortcut in mine) or "none"
            sentence = f"The manifest has no {kind} shortcut {callback_id!r}; there is: {known}."
            raise ControlError("shortcut_not_found", sentence, 404)
        return found

    def _payload(self, kind: str, callback_id: str, person: Person) -> Json:
        return {
            "type": kind,
            "token": VERIFICATION_TOKEN,
            "action_ts": self._sandbox.workspace.timestamps.next(),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "is_enterprise_install": False,
            "enterprise": None,
            "callback_id": callback_id,
            "trigger_id": self._sandbox.triggers.issue(person.id),
        }

    async def _send(self, user: str, payload: Json, channel: str | None) -> Json:
        reply = await self._sandbox.delivery.send_payload(payload)
        if reply.problem is not None:
            self._sandbox.workspace.notify(user, TROUBLE, channel)
            return {"ok": False, "error": reply.problem, "message": TROUBLE}
        return {"ok": True, "status": reply.status}
