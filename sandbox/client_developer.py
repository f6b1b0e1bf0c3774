"""The client's part for developers: the app, what was wrong with it, what is to go wrong, and the state."""

from collections.abc import Sequence

from sandbox.client_http import Asking, Json


class Developing(Asking):
    """One method for each address of the control API that is no person's doing."""

    # What the app needs to know

    @property
    def api_url(self) -> str:
        """Where Slack's Web API is, for `WebClient(base_url=...)`."""
        return self.base_url + "/api/"

    @property
    def bot_token(self) -> str:
        return str(self.app()["bot_token"])

    @property
    def app_token(self) -> str:
        """For Socket Mode."""
        return str(self.app()["app_token"])

    @property
    def signing_secret(self) -> str:
        return str(self.app()["signing_secret"])

    def app(self) -> Json:
        """The installed app: its name, tokens, secrets, scopes, commands and addresses."""
        found: Json = self._read("app")["app"]
        return found

    def install(self, manifest: Json | str | None = None, app_url: str | None = None) -> Json:
        """Install the app of a manifest (its text, or what stands in it), or only send all requests to `app_url`.

        The answer's `checks` say how the app's addresses did when they were asked to prove themselves.
        """
        return self._act("app", {"manifest": manifest, "app_url": app_url}, True)

    # What was wrong, and how everything stands

    def violations(self, severity: str = "warning") -> list[Json]:
        """What was wrong ('error'), unwise ('warning') or worth a word ('note') between Slack and the app,
        newest first: {severity, code, sentence, pointer, entry, kind, at}. Least of these is `severity`."""
        found: list[Json] = self._read("violations", severity=severity)["violations"]
        return found

    def time_line(self, **query: str) -> list[Json]:
        """Requests and calls, newest first; `query` may say direction, kind, failed, text and limit."""
        found: list[Json] = self._read("timeline", **query)["entries"]
        return found

    def entry(self, entry_id: str) -> Json:
        """One entry of the time line with headers, payload and answer."""
        found: Json = self._read("entry", id=entry_id)["entry"]
        return found

    def budget(self) -> list[Json]:
        """What is left of each rate limit: {method, channel, tier, per_minute, burst, left, next_in, full_in}."""
        found: list[Json] = self._read("budget")["budget"]
        return found

    def switches(self) -> Json:
        """How limits, delivery, pace, faults, scopes and keeping stand."""
        return self._read("switches")

    def state(self) -> Json:
        """The whole workspace as JSON, to be put back with `restore`."""
        found: Json = self._read("state")["state"]
        return found

    def restore(self, state: Json) -> None:
        self._act("state", {"state": state}, True)

    def addresses(self) -> list[Json]:
        """What the control API consists of: {method, path, about, fields}."""
        found: list[Json] = self._read("")["addresses"]
        return found

    # What goes wrong

    def pace(self, *, answers: float | None = None, deliveries: float | None = None) -> Json:
        """Slow Slack down: seconds before each answer to a call, and before each request to the app."""
        return self._act("pace", {"answers": answers, "deliveries": deliveries}, True)

    def resend(self, number: int, times: int = 1) -> list[Json]:
        """Send a request of the log again, signed anew; gives the new rows of the log."""
        found: list[Json] = self._act("resend", {"number": number, "times": times}, True)["deliveries"]
        return found

    def send_event(self, event: Json, channel: str | None = None) -> None:
        """Let something happen that the app has subscribed to; `event` is Slack's inner event."""
        self._act("events", {"event": event, "channel": channel}, True)

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass in no time: what is to come in them, such as a retry, comes now."""
        self._act("clock", {"skip": seconds}, True)

    def start_function(self, user: str, callback_id: str, inputs: Json | None = None) -> Json:
        """Start a custom step of the app; {id, state, ...}, as `functions` has it."""
        body = {"user": user, "callback_id": callback_id, "inputs": inputs or {}}
        started: Json = self._act("function", body, True)["function"]
        return started

    def functions(self) -> list[Json]:
        """The custom steps: {id, callback_id, user, inputs, state, outputs, error, ...}."""
        found: list[Json] = self._read("functions")["functions"]
        return found

    def subscription(self, *, enabled: bool | None = None) -> Json:
        """Whether events are sent, and how the last hour's went; with `enabled` they are, or no longer."""
        if enabled is not None:
            return self._act("subscription", {"enabled": enabled}, True)
        return self._read("subscription")

    def socket_mode(self, *, disconnect: str | None = None) -> Json:
        """{enabled, connections}; with `disconnect` all are sent away: 'warning', 'refresh_requested' ..."""
        if disconnect is not None:
            return self._act("socket-mode", {"disconnect": disconnect}, True)
        return self._read("socket-mode")

    def clear_logs(self) -> None:
        self._act("clear", {}, True)

    def faults(self, method: str, mode: str, times: int = 1) -> None:
        """The next calls of a method ('*': any) meet 'error:<code>', 'http:<status>', 'ratelimited:<s>',
        'lost_reply' or 'slow:<s>'."""
        self._act("faults", {"method": method, "mode": mode, "times": times}, True)

    def clear_faults(self) -> None:
        self._act("faults", {}, True)

    def deliver(self, mode: str) -> None:
        """How requests reach the app: 'once', 'twice', 'twice_at_once', 'bad_signature', 'old_timestamp'."""
        self._act("delivery", {"mode": mode}, True)

    def limits(self, mode: str, *, commercial: bool = False) -> None:
        """Rate limits: 'off', 'real' or 'strict'; `commercial` for an app sold outside Slack's Marketplace,
        which may read history once a minute."""
        self._act("limits", {"mode": mode, "commercial": commercial}, True)

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
