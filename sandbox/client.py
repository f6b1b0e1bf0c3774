"""Drives a running sandbox from a test: acts as its people, reads what they see, waits for what comes."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.client_developer import Developing
from sandbox.client_http import Json, SandboxRefusal

__all__ = [
    "ADA",
    "BOB",
    "CYD",
    "GENERAL",
    "GUS",
    "OPS",
    "PATIENCE",
    "RELEASES",
    "Json",
    "SandboxClient",
    "SandboxRefusal",
]

GENERAL, RELEASES, OPS = "C0GENERAL", "C0RELEASES", "C0OPS"
ADA, BOB, CYD, GUS = "U0ADA", "U0BOB", "U0CYD", "U0GUS"
PATIENCE = 10.0  # seconds a wait_for_... takes at most, unless told otherwise


class SandboxClient(Developing):
    """Talks to the control API of the sandbox at `base_url`.

    Messages and views are Slack's own JSON; messages also say `channel`, `ephemeral_for` and `broadcast`.
    What the sandbox refuses raises SandboxRefusal with its sentence, unless `check=False` is given:
    then the refusal itself is returned, {ok: false, error, message}.
    """

    # What people do

    def command(
        self,
        user: str,
        text: str,
        channel: str = GENERAL,
        *,
        thread_ts: str | None = None,
        check: bool = True,
    ) -> Json:
        """Type `text`, such as '/deploy website', and wait until the app has acknowledged it."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return self._act("command", body, check)

    def post(
        self,
        user: str,
        text: str,
        channel: str = GENERAL,
        *,
        thread_ts: str | None = None,
        broadcast: bool | None = None,
        check: bool = True,
    ) -> Json:
        """Write an ordinary message, or a reply (with `broadcast` to the channel too); gives its channel and ts."""
        body = {
            "user": user,
            "channel": channel,
            "text": text,
            "thread_ts": thread_ts,
            "broadcast": broadcast,
        }
        return self._act("post", body, check)

    def upload(
        self,
        user: str,
        name: str,
        content: bytes,
        *,
        channel: str | None = None,
        thread_ts: str | None = None,
        text: str = "",
    ) -> Json:
        """Choose a file, for a form's file input or with `channel` as a message there; gives {file, files}.

        In `submit`, and wherever values are given, the file is named by its id."""
        words = {"user": user, "channel": channel, "thread_ts": thread_ts, "text": text}
        data = {key: value for key, value in words.items() if value}
        answer: Json = self._http.post("/control/upload", data=data, files={"files": (name, content)}).json()
        if not answer["ok"]:
            raise SandboxRefusal(f"upload was refused: {json.dumps(answer, indent=2)}", answer)
        return answer

    def shortcut(self, user: str, callback_id: str, on: Json | None = None, *, check: bool = True) -> Json:
        """Choose a global shortcut, or one from the menu of the message `on`."""
        place = _where(on) if on is not None else {}
        return self._act("shortcut", {"user": user, "callback_id": callback_id, **place}, check)

    def react(self, user: str, on: Json, name: str, *, check: bool = True) -> Json:
        """Give a message a reaction, or take it back; `is_there` says which."""
        return self._act("react", {**_where(on), "user": user, "name": name}, check)

    def pin(self, user: str, on: Json, *, pinned: bool = True, check: bool = True) -> Json:
        return self._act("pin", {**_where(on), "user": user, "pinned": pinned}, check)

    def edit(self, user: str, on: Json, text: str, *, check: bool = True) -> Json:
        """Change the words of an own message."""
        return self._act("edit", {**_where(on), "user": user, "text": text}, check)

    def delete(self, user: str, on: Json, *, check: bool = True) -> Json:
        """Take an own message away."""
        return self._act("delete", {**_where(on), "user": user}, check)

    def mark_unread(self, user: str, on: Json, *, check: bool = True) -> Json:
        return self._act("unread", {**_where(on), "user": user}, check)

    def open_home(self, user: str, tab: str = "home", *, check: bool = True) -> Json:
        """Look at the app's Home, or at its tab `messages`; gives {channel, view}."""
        return self._act("home", {"user": user, "tab": tab}, check)

    def join(self, user: str, channel: str, *, check: bool = True) -> Json:
        return self._act("join", {"user": user, "channel": channel}, check)

    def leave(self, user: str, channel: str, *, check: bool = True) -> Json:
        return self._act("leave", {"user": user, "channel": channel}, check)

    def invite(self, user: str, channel: str, *users: str, check: bool = True) -> Json:
        """Bring people, or the app, into a channel."""
        return self._act("invite", {"user": user, "channel": channel, "users": list(users)}, check)

    def create_channel(
        self, user: str, name: str, *, private: bool = False, topic: str | None = None, check: bool = True
    ) -> Json:
        """A new channel; the answer has its id as `channel`."""
        return self._act("create", {"user": user, "name": name, "private": private, "topic": topic}, check)

    def open_dm(self, user: str, *users: str, check: bool = True) -> Json:
        """The conversation with one or several others; the answer has its id as `channel`."""
        return self._act("open_dm", {"user": user, "users": list(users)}, check)

    def click(
        self,
        user: str,
        action_id: str,
        on: Json,
        *,
        block_id: str | None = None,
        value: Any = None,
        state: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> Json:
        """Press a button, or choose `value` in a menu, of the message or view `on`.

        `state` is what stands in its inputs: {block_id: value}, or {block_id: {action_id: value}}.
        """
        body = {**_where(on), "user": user, "action_id": action_id, "block_id": block_id, "value": value}
        return self._act("click", body | {"state": dict(state or {})}, check)

    def submit(
        self, user: str, view: Json | str, values: Mapping[str, Any] | None = None, *, check: bool = True
    ) -> Json:
        """Submit a modal; {ok: false, errors: {block_id: sentence}} when fields are wrong."""
        body = {"user": user, "view_id": _view_id(view), "values": dict(values or {})}
        return self._act("submit", body, check)

    def close(self, user: str, view: Json | str, *, clear: bool = False, check: bool = True) -> Json:
        """Press Cancel, or with `clear` the X that closes the whole stack."""
        return self._act("close", {"user": user, "view_id": _view_id(view), "clear": clear}, check)

    def options(
        self,
        user: str,
        action_id: str,
        on: Json,
        query: str,
        *,
        block_id: str | None = None,
        check: bool = True,
    ) -> Json:
        """Type `query` into an external menu; the answer has the app's options or option_groups."""
        body = {**_where(on), "user": user, "action_id": action_id, "block_id": block_id, "value": query}
        return self._act("options", body, check)

    # What is there

    def messages(
        self, channel: str = GENERAL, *, thread: str | None = None, viewer: str | None = None
    ) -> list[Json]:
        """A channel's main pane or one thread, oldest first; ephemeral ones only for their `viewer`."""
        found: list[Json] = self._read("messages", channel=channel, thread=thread, viewer=viewer)["messages"]
        return found

    def notices(self, user: str, channel: str = GENERAL) -> list[str]:
        """What Slackbot told this person alone in a channel."""
        rows = self._read("messages", channel=channel, viewer=user)["notices"]
        return [row["text"] for row in rows]

    def views(self, user: str) -> list[Json]:
        """The open modals of a person, root first."""
        found: list[Json] = self._read("views", user=user)["views"]
        return found

    def banners(self, user: str) -> list[str]:
        """The trouble banners in this person's open modals."""
        return [row["text"] for row in self._read("views", user=user)["notices"]]

    def home(self, user: str) -> Json | None:
        """The Home tab the app published for a person."""
        found: Json | None = self._read("views", user=user)["home"]
        return found

    def calls(self, method: str | None = None) -> list[Json]:
        """The app's Web API calls: {number, method, arguments, at, status, answer, is_lost}."""
        found: list[Json] = self._read("calls", method=method)["calls"]
        return found

    def deliveries(self) -> list[Json]:
        """The requests sent to the app, with headers, body, payload, status, seconds, problem and repeats."""
        found: list[Json] = self._read("deliveries")["deliveries"]
        return found

    # What comes

    def wait_for_message(
        self,
        contains: str | None = None,
        *,
        channel: str | None = None,
        thread: str | None = None,
        viewer: str | None = None,
        action_id: str | None = None,
        timeout: float = PATIENCE,
    ) -> Json:
        """The newest message, in threads too, whose JSON contains a string or an element with this id."""
        return self._wait(
            "message",
            timeout,
            contains=contains,
            channel=channel,
            thread=thread,
            viewer=viewer,
            action_id=action_id,
        )

    def wait_for_view(
        self,
        user: str,
        contains: str | None = None,
        *,
        callback_id: str | None = None,
        action_id: str | None = None,
        timeout: float = PATIENCE,
    ) -> Json:
        """The topmost open modal of a person that fits."""
        return self._wait(
            "view", timeout, user=user, contains=contains, callback_id=callback_id, action_id=action_id
        )

    def wait_for_no_view(
        self, user: str, *, callback_id: str | None = None, timeout: float = PATIENCE
    ) -> None:
        """Until the person has no modal open, or none with this callback_id."""
        self._wait("no_view", timeout, user=user, callback_id=callback_id)

    def wait_for_call(
        self, method: str, contains: str | None = None, *, after: int = 0, timeout: float = PATIENCE
    ) -> Json:
        """The first call of a method, past ones too, with a number above `after`."""
        return self._wait("call", timeout, method=method, contains=contains, after=str(after))


def _view_id(view: Json | str) -> str:
    return view if isinstance(view, str) else str(view["id"])


def _where(on: Json) -> Json:
    """A message is known by its channel and ts, a view by its id."""
    return {"view_id": on["id"]} if "root_view_id" in on else {"channel": on["channel"], "ts": on["ts"]}
