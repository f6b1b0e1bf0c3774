"""Open modals and published Home tabs: stacks of at most three, hashes, and what people typed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.changes import Change, ChangeKind
from sandbox.clock import Clock
from sandbox.elements import stateful_elements
from sandbox.errors import SlackError
from sandbox.people import APP_ID, BOT_ID, TEAM_ID
from sandbox.tokens import new_id
from sandbox.types import Json

STACK_LIMIT = 3


@dataclass
class ShownView:
    """A view somebody has before them. `payload` is Slack's view JSON, replaced on change."""

    payload: Json
    user: str

    @property
    def id(self) -> str:
        return str(self.payload["id"])


class ViewStore:
    """Every view that can still be updated. The `view` arguments are validated, normalised view JSON."""

    def __init__(self, clock: Clock, publish: Callable[[Change], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._stacks: dict[str, list[ShownView]] = {}
        self._homes: dict[str, ShownView] = {}

    def stack(self, user: str) -> list[Json]:
        """The open views of a person, root first."""
        return [shown.payload for shown in self._stacks.get(user, [])]

    def home(self, user: str) -> Json | None:
        shown = self._homes.get(user)
        return shown.payload if shown else None

    def find(self, view_id: str) -> ShownView | None:
        return next((shown for shown in self._all() if shown.id == view_id), None)

    def find_external(self, external_id: str) -> ShownView | None:
        return next((s for s in self._all() if external_id and s.payload["external_id"] == external_id), None)

    def open(self, user: str, view: Json) -> Json:
        """Show a new modal; one that was open before gives way."""
        old = self._stacks.pop(user, [])
        try:
            shown = self._new(user, view)
        except SlackError:
            self._stacks[user] = old
            raise
        self._stacks[user] = [shown]
        self._announce(shown)
        return shown.payload

    def push(self, user: str, view: Json) -> Json:
        """Show a modal on top of the open ones, or raise SlackError push_limit_reached."""
        stack = self._stacks.get(user, [])
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached")
        shown = self._new(user, view)
        shown.payload |= {"root_view_id": stack[0].id, "previous_view_id": stack[-1].id}
        stack.append(shown)
        self._announce(shown)
        return shown.payload

    def update(self, shown: ShownView, view: Json, hash_: str | None = None) -> Json:
        """Replace the content of a view; what was typed stays where block_id and action_id stay.

        Raises SlackError hash_conflict when `hash_` is given and not the current one.
        """
        self._check_hash(shown, hash_)
        self._check_external_id(view, shown)
        kept = ("id", "root_view_id", "previous_view_id")
        fresh = self._complete(view) | {key: shown.payload[key] for key in kept}
        fresh["state"] = {"values": _kept_values(shown.payload["state"]["values"], fresh["blocks"])}
        shown.payload = fresh
        self._announce(shown)
        return fresh

    def publish_home(self, user: str, view: Json, hash_: str | None = None) -> Json:
        """Show a Home tab to one person, replacing the one before."""
        shown = self._homes.get(user)
        if shown is not None:
            return self.update(shown, view, hash_)
        if hash_:
            raise SlackError("hash_conflict")
        shown = self._homes[user] = self._new(user, view)
        self._announce(shown)
        return shown.payload

    def remember(self, shown: ShownView, values: Json) -> Json:
        """Keep what the person typed or chose; this is a new state of the view, so its hash changes."""
        shown.payload = shown.payload | {"state": {"values": values}, "hash": self._hash()}
        return shown.payload

    def close(self, shown: ShownView) -> None:
        """Take one view away and reveal the one below."""
        self._stacks[shown.user] = [s for s in self._stacks.get(shown.user, []) if s is not shown]
        self._announce(shown)

    def clear(self, user: str) -> None:
        """Close the whole stack."""
        self._stacks.pop(user, None)
        self._publish(Change("view", user=user))

    def clear_all(self) -> None:
        self._stacks.clear()
        self._homes.clear()

    def dump(self) -> Json:
        """Home tabs outlive a restart; open modals do not, as when a Slack client is reloaded."""
        return {user: shown.payload for user, shown in self._homes.items()}

    def load(self, data: Json) -> None:
        self._homes = {user: ShownView(payload, user) for user, payload in data.items()}

    def _all(self) -> list[ShownView]:
        return [*(shown for stack in self._stacks.values() for shown in stack), *self._homes.values()]

    def _new(self, user: str, view: Json) -> ShownView:
        self._check_external_id(view, None)
        view_id = new_id("V")
        identity = {"id": view_id, "root_view_id": view_id, "previous_view_id": None}
        return ShownView(self._complete(view) | identity, user)

    def _complete(self, view: Json) -> Json:
        """Fill in what Slack's view object always has."""
        given = {key: view.get(key) for key in ("type", "title", "submit", "close", "blocks")}
        texts = {key: view.get(key) or "" for key in ("callback_id", "external_id", "private_metadata")}
        flags = {
            key: bool(view.get(key, False))
            for key in ("clear_on_close", "notify_on_close", "submit_disabled")
        }
        owner = {"team_id": TEAM_ID, "app_id": APP_ID, "app_installed_team_id": TEAM_ID, "bot_id": BOT_ID}
        return {"id": "", **owner, **given, **texts, **flags, "state": {"values": {}}, "hash": self._hash()}

    def _hash(self) -> str:
        return f"{int(self._clock.now())}.{secrets.token_hex(4)}"

    def _check_hash(self, shown: ShownView, hash_: str | None) -> None:
        if hash_ and hash_ != shown.payload["hash"]:
            raise SlackError("hash_conflict")

    def _check_external_id(self, view: Json, own: ShownView | None) -> None:
        other = self.find_external(view.get("external_id") or "")
        if other is not None and other is not own:
            raise SlackError("duplicate_external_id")

    def _announce(self, shown: ShownView) -> None:
        kind: ChangeKind = "home" if shown.payload["type"] == "home" else "view"
        self._publish(Change(kind, user=shown.user))


def _kept_values(values: Json, blocks: list[Json]) -> Json:
    """The part of `values` whose block_id and action_id still exist, with the same element type."""
    kept: Json = {}
    for block_id, element in stateful_elements(blocks):
        value = values.get(block_id, {}).get(element.get("action_id"))
        if value is not None and value.get("type") == element["type"]:
            kept.setdefault(block_id, {})[element["action_id"]] = value
    return kept
