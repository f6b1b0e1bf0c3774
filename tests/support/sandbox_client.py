"""Drives a sandbox workspace from a test: acts as its people, reads what they see, waits for what comes."""

import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx

Json: TypeAlias = dict[str, Any]

GENERAL, RELEASES, OPS = "C0GENERAL", "C0RELEASES", "C0OPS"
ADA, BOB, CYD, GUS = "U0ADA", "U0BOB", "U0CYD", "U0GUS"
PATIENCE = 10.0  # seconds a wait_for_... takes at most, unless told otherwise


class SandboxClient:
    """Talks to the control API of the sandbox at `base_url`.

    Messages and views are Slack's own JSON; messages also say `channel`, `ephemeral_for` and `broadcast`.
    What the sandbox refuses raises AssertionError with its sentence, unless `check=False` is given:
    then the refusal itself is returned, {ok: false, error, message}.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        # Plain HTTP to this machine: no certificates to load, which is slow, and no proxy.
        self._http = httpx.Client(base_url=base_url, trust_env=False, verify=False, timeout=90)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()

    def shut(self) -> None:
        self._http.close()

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
        """Type `text`, such as '/workflow run hello', and wait until the app has acknowledged it."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return self._act("command", body, check)

    def post(
        self,
        user: str,
        text: str,
        channel: str = GENERAL,
        *,
        thread_ts: str | None = None,
        check: bool = True,
    ) -> Json:
        """Write an ordinary message; the answer has its channel and ts."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return self._act("post", body, check)

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

    # What goes wrong

    def faults(self, method: str, mode: str, times: int = 1) -> None:
        """The next calls of a method ('*': any) meet 'error:<code>', 'http:<status>', 'ratelimited:<s>',
        'lost_reply' or 'slow:<s>'."""
        self._act("faults", {"method": method, "mode": mode, "times": times}, True)

    def clear_faults(self) -> None:
        self._act("faults", {}, True)

    def deliver(self, mode: str) -> None:
        """How requests reach the app: 'once', 'twice', 'twice_at_once', 'bad_signature', 'old_timestamp'."""
        self._act("delivery", {"mode": mode}, True)

    def limits(self, mode: str) -> None:
        """Rate limits: 'off', 'real' or 'strict'."""
        self._act("limits", {"mode": mode}, True)

    def scopes(self, scopes: Sequence[str]) -> None:
        """Give the bot token exactly these scopes."""
        self._act("scopes", {"scopes": list(scopes)}, True)

    def channel(
        self,
        channel: str,
        *,
        archived: bool | None = None,
        private: bool | None = None,
        bot_is_member: bool | None = None,
    ) -> Json:
        """Change a channel, and read how it is now."""
        body = {"channel": channel, "archived": archived, "private": private, "bot_is_member": bot_is_member}
        return self._act("channels", body, True)

    def person(self, user: str, *, guest: bool | None = None, deactivated: bool | None = None) -> Json:
        """Make somebody a guest, or close their account; and read how they are now."""
        return self._act("people", {"user": user, "guest": guest, "deactivated": deactivated}, True)

    def delete_message(self, channel: str, ts: str) -> None:
        self._act("messages/delete", {"channel": channel, "ts": ts}, True)

    def reset(self) -> None:
        """Back to the first day: no messages, views, calls, faults."""
        self._act("reset", {}, True)

    # How it is asked

    def _act(self, path: str, body: Mapping[str, Any], check: bool) -> Json:
        given = {key: value for key, value in body.items() if value is not None}
        answer: Json = self._http.post(f"/control/{path}", json=given).json()
        if check and not answer["ok"] and "errors" not in answer:
            raise AssertionError(f"{path} was refused: {json.dumps(answer, indent=2)}\nasked: {given}")
        return answer

    def _read(self, path: str, **query: str | None) -> Json:
        answer = self._http.get(f"/control/{path}", params=_given(query))
        assert answer.status_code == 200, f"{path}: {answer.text}"
        found: Json = answer.json()
        return found

    def _wait(self, kind: str, timeout: float, **query: str | None) -> Json:
        asked = _given(query)
        params = {**asked, "kind": kind, "timeout": str(timeout)}
        answer: Json = self._http.get("/control/wait", params=params).json()
        if not answer["ok"]:
            last = json.dumps(answer.get("last", []), indent=2, ensure_ascii=False)[:6000]
            message = f"{answer['message']} Waited for a {kind} with {asked}; last seen:\n{last}"
            raise AssertionError(message)
        match: Json = answer["match"]
        return match


def _given(query: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value is not None}


def _view_id(view: Json | str) -> str:
    return view if isinstance(view, str) else str(view["id"])


def _where(on: Json) -> Json:
    """A message is known by its channel and ts, a view by its id."""
    return {"view_id": on["id"]} if "root_view_id" in on else {"channel": on["channel"], "ts": on["ts"]}
