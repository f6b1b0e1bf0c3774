"""What people do in the workspace, and what they see when the app does not answer."""

from collections.abc import Mapping
from typing import Any

from sandbox import payloads
from sandbox.client_checks import field_errors
from sandbox.context import Sandbox
from sandbox.delivery import Reply
from sandbox.elements import STATEFUL_TYPES, interactive_elements
from sandbox.errors import ControlError, SlackError
from sandbox.message_store import Message
from sandbox.messaging import person_payload, thread_parent
from sandbox.normalise import complete_texts
from sandbox.people import Channel
from sandbox.replies import TROUBLE, UnusableReply, apply_submission_reply, show_command_reply
from sandbox.sharing import chosen_files
from sandbox.sight import Choice, Sight
from sandbox.state_values import collect_state, is_list_type, typed_value
from sandbox.typed_text import escape_typed
from sandbox.types import Json
from sandbox.validation.objects import OPTION_GROUP, PLAIN_OPTION
from sandbox.validation.schema import array
from sandbox.view_store import ShownView

INVALID_RESPONSE = "invalid_command_response"
UNKNOWN_COMMAND = (
    '{} is not a valid command. In Slack, all messages that start with the "/" character are interpreted as '
    'commands. If you are trying to send a message and not run a command, try preceding the "/" with an '
    "empty space."
)


class Interactions:
    """One method for each thing a person can do. Impossible ones raise ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace
        self._sight = Sight(sandbox.workspace)

    async def command(self, user: str, channel_id: str, text: str, thread_ts: str | None = None) -> Json:
        """Type a line that begins with a slash."""
        person, channel = self._sight.person(user), self._sight.place(user, channel_id)
        name, rest = [*text.split(maxsplit=1), "", ""][:2]
        if thread_ts:
            return self._tell(
                user, channel, f"{name} is not supported in threads. Sorry!", thread_ts=thread_ts
            )
        command = self._sandbox.manifest.command(name)
        if command is None:
            return self._tell(user, channel, UNKNOWN_COMMAND.format(name), "unknown_command")
        address, url = self._sandbox.response_urls.for_command(channel.id, user)
        trigger_id = self._sandbox.triggers.issue(user)
        typed = escape_typed(self._workspace, rest.strip()) if command.should_escape else rest.strip()
        fields = payloads.command_fields(person, channel, name, typed, address, trigger_id)
        reply = await self._sandbox.delivery.send_command(fields)
        problem = reply.problem
        if problem is None:
            try:
                show_command_reply(self._sandbox, url, reply)
            except (UnusableReply, SlackError):
                problem = INVALID_RESPONSE
        if problem is not None:
            return self._tell(user, channel, f'{name} failed with the error "{problem}"', problem)
        return {"ok": True, "status": reply.status}

    def post(
        self, user: str, channel_id: str, text: str, thread_ts: str | None = None, broadcast: bool = False
    ) -> Json:
        """Write an ordinary message; with `broadcast` a reply is sent to the channel too."""
        self._sight.person(user)
        channel = self._sight.place(user, channel_id)
        if not text.strip():
            raise ControlError("no_text", "There is nothing to post.")
        try:
            parent = thread_parent(self._workspace, channel.id, thread_ts) if thread_ts else None
        except SlackError as error:
            raise ControlError(
                error.error, f"There is no thread {thread_ts} in #{channel.name}.", 404
            ) from error
        safe = escape_typed(self._workspace, text.strip())
        message = Message(person_payload(self._workspace, user, safe, parent))
        if broadcast and parent is not None:
            message = Message(message.payload | {"subtype": "thread_broadcast"}, broadcast=True)
        self._workspace.history.add(channel.id, message)
        return {"ok": True, "channel": channel.id, "ts": message.ts}

    async def click(self, user: str, choice: Choice, value: Any, state: Mapping[str, Any]) -> Json:
        """Press a button, or choose `value` in a menu, picker or dispatching input."""
        if choice.view_id is not None:
            return await self._click_in_view(user, choice, value, state)
        person, (channel, message) = self._sight.person(user), self._sight.message(user, choice)
        block, element = self._clickable(message.payload.get("blocks") or [], choice)
        typed = self._typed(element, value)
        values = self._state(message.payload["blocks"], {}, state, block, element, typed)
        place = payloads.message_place(message, channel) | {
            "response_url": self._sandbox.response_urls.for_message(channel.id, user, message.ts),
            "state": {"values": values},
        }
        trigger_id = self._sandbox.triggers.issue(user)
        place |= self._sandbox.functions.extras_in_message(channel.id, message.ts, user, trigger_id)
        reply = await self._sandbox.delivery.send_payload(
            payloads.block_actions(person, place, self._action(block, element, typed), trigger_id)
        )
        if reply.problem is not None:
            sentence = "This app did not respond. Try again?"
            return self._tell(user, channel, sentence, reply.problem, thread_ts=message.thread_ts)
        return {"ok": True, "status": reply.status}

    async def _click_in_view(self, user: str, choice: Choice, value: Any, state: Mapping[str, Any]) -> Json:
        person, shown = self._sight.person(user), self._sight.view(user, str(choice.view_id))
        blocks = shown.payload["blocks"]
        state = chosen_files(self._sandbox, user, blocks, state)
        block, element = self._clickable(blocks, choice)
        typed = self._typed(element, value)
        remembered = shown.payload["state"]["values"]
        view = self._workspace.views.remember(
            shown, self._state(blocks, remembered, state, block, element, typed)
        )
        trigger_id = self._sandbox.triggers.issue(user, shown.id)
        action = self._action(block, element, typed)
        extras = self._sandbox.functions.extras_in_view(shown.id, user, trigger_id)
        reply = await self._sandbox.delivery.send_payload(
            payloads.block_actions(person, payloads.view_place(view) | extras, action, trigger_id)
        )
        if reply.problem is not None:
            return self._banner(shown, reply.problem)
        self._workspace.withdraw_banner(shown.id)
        return {"ok": True, "status": reply.status}

    async def submit(self, user: str, view_id: str, values: Mapping[str, Any]) -> Json:
        """Press the submit button of the modal on top."""
        person, shown = self._sight.person(user), self._sight.view(user, view_id)
        before = shown.payload["state"]["values"]
        if not shown.payload.get("submit"):
            raise ControlError("no_submit", "This view has no submit button.")
        blocks = shown.payload["blocks"]
        given = chosen_files(self._sandbox, user, blocks, values)
        collected = collect_state(blocks, before, given, self._sandbox.offered)
        if shown.payload["submit_disabled"] and collected == collect_state(blocks, {}, {}, {}):
            raise ControlError("submit_disabled", "The submit button is off until something is entered.")
        errors = field_errors(blocks, collected)
        if errors:
            raise ControlError("invalid_fields", "Some fields need attention.", 422, errors=errors)
        view = self._workspace.views.remember(shown, collected)
        trigger_id = self._sandbox.triggers.issue(user, shown.id)
        payload = payloads.view_submission(person, view, trigger_id, self._chosen_response_urls(user, view))
        payload |= self._sandbox.functions.extras_in_view(shown.id, user, trigger_id)
        reply = await self._sandbox.delivery.send_payload(payload)
        if reply.problem is not None:
            return self._banner(shown, reply.problem)
        try:
            answered = apply_submission_reply(self._sandbox, shown, reply)
        except UnusableReply as error:
            return self._banner(shown, "unusable_reply", str(error))
        self._workspace.withdraw_banner(shown.id)
        return answered

    async def close(self, user: str, view_id: str, clear: bool = False) -> Json:
        """Press Cancel (the view on top goes) or, with `clear`, the X (all of them go)."""
        person, shown = self._sight.person(user), self._sight.view(user, view_id)
        stack = self._workspace.view_stack(user)
        is_cleared = clear or bool(shown.payload["clear_on_close"])
        told = stack[0] if clear else shown.payload
        if is_cleared:
            self._workspace.views.clear(user)
        else:
            self._workspace.views.close(shown)
        if told["notify_on_close"]:
            await self._sandbox.delivery.send_payload(payloads.view_closed(person, told, is_cleared=clear))
        return {"ok": True}

    async def options(self, user: str, choice: Choice, query: str) -> Json:
        """Type into an external menu: the app's options for the words typed so far."""
        person = self._sight.person(user)
        if choice.view_id is not None:
            view = self._sight.view(user, choice.view_id).payload
            blocks, place = view["blocks"], payloads.view_place(view)
        else:
            channel, message = self._sight.message(user, choice)
            blocks, place = message.payload.get("blocks") or [], payloads.message_place(message, channel)
        block, element = self._sight.element(blocks, choice)
        if not element["type"].endswith("external_select"):
            raise ControlError("no_external_menu", f"{choice.action_id!r} asks the app for no options.")
        if len(query) < element.get("min_query_length", 3):
            return {"ok": True, "options": []}
        reply = await self._sandbox.delivery.send_payload(
            payloads.block_suggestion(person, block, element, query, place)
        )
        given = _usable_options(reply)
        if given is None:
            problem = reply.problem or "unusable_reply"
            return {"ok": False, "error": problem, "message": "Options could not be loaded."}
        known = self._sandbox.offered.setdefault(element["action_id"], {})
        groups = given.get("option_groups") or [given]
        known |= {option["value"]: option for group in groups for option in group.get("options", [])}
        return {"ok": True, **given}

    def _clickable(self, blocks: list[Json], choice: Choice) -> tuple[Json, Json]:
        """The block and element that somebody acts on, if the app is told of it at once."""
        block, element = self._sight.element(blocks, choice)
        if block["type"] == "input" and not block.get("dispatch_action"):
            sentence = f"Block {block['block_id']!r} tells the app nothing before something else is pressed."
            raise ControlError("no_dispatch", sentence)
        if element["type"] == "workflow_button":
            raise ControlError("starts_a_workflow", "It starts a workflow in Slack; the app is not told.")
        return block, element

    def _typed(self, element: Json, value: Any) -> Json | None:
        """The new value of an element that has one, typed; None for a button."""
        if element["type"] == "feedback_buttons":
            return {"type": "feedback_buttons", "value": value}
        if element["type"] in STATEFUL_TYPES or element["type"] == "overflow":
            return typed_value(element, value, self._sandbox.offered)
        return None

    def _state(
        self,
        blocks: list[Json],
        remembered: Json,
        given: Mapping[str, Any],
        block: Json,
        element: Json,
        typed: Json | None,
    ) -> Json:
        """All values as they are once the choice is made."""
        values = collect_state(blocks, remembered, given, self._sandbox.offered)
        if typed is not None and element["type"] in STATEFUL_TYPES:
            values[block["block_id"]][element["action_id"]] = typed
        return values

    def _action(self, block: Json, element: Json, typed: Json | None) -> Json:
        return payloads.action_entry(block, element, typed, self._workspace.timestamps.next())

    def _chosen_response_urls(self, user: str, view: Json) -> list[Json]:
        """An address for each channel chosen in a menu that asks for one."""
        entries = []
        for block, element in interactive_elements(view["blocks"]):
            if element.get("response_url_enabled") and not is_list_type(element["type"]):
                typed = view["state"]["values"][block["block_id"]][element["action_id"]]
                channel_id = typed.get("selected_conversation") or typed.get("selected_channel")
                if channel_id:
                    address = self._sandbox.response_urls.for_message(channel_id, user, None)
                    entries.append(payloads.response_url_entry(block, element, channel_id, address))
        return entries

    def _tell(
        self, user: str, channel: Channel, text: str, error: str = "refused", *, thread_ts: str | None = None
    ) -> Json:
        """Show Slackbot's word on what went wrong to this person, and answer the same."""
        self._workspace.notify(user, text, channel.id, thread_ts)
        return {"ok": False, "error": error, "message": text}

    def _banner(self, shown: ShownView, error: str, detail: str | None = None) -> Json:
        """Show a modal's trouble banner; `detail` is for the app's author."""
        self._workspace.notify(shown.user, TROUBLE, view_id=shown.id)
        return {"ok": False, "error": error, "message": TROUBLE} | ({"detail": detail} if detail else {})


def _usable_options(reply: Reply) -> Json | None:
    """{options} or {option_groups} from the app's answer; None when there is no such thing in it."""
    given = None if reply.problem is not None else reply.parsed()
    for key, item in (("option_groups", OPTION_GROUP), ("options", PLAIN_OPTION)):
        if given is not None and key in given:
            is_right = not any(array(item, 0, 100)(given[key], f"/{key}"))
            return {key: complete_texts(given[key])} if is_right else None
    return None
