"""assistant.threads.setStatus, setTitle and setSuggestedPrompts; agents.sessions.setStatus."""

from typing import Any

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import BOT_ONLY, Call, Method
from sandbox.errors import SlackError
from sandbox.messaging import from_json_text
from sandbox.people import Channel
from sandbox.rate_limits import SPECIAL, TIER_3
from sandbox.types import Json

MOST_LOADING_MESSAGES = 10
MOST_PROMPTS = 4
LONGEST_TITLE = 200
SESSION_STATES = ("active", "processing", "suspended", "closed")
_SCOPES = ("assistant:write", "chat:write")


def set_status(call: Call) -> Json:
    """An empty status takes the line away."""
    if "status" not in call.args.given:
        raise invalid_arguments("missing required field: status")
    channel, thread_ts = _thread(call)
    loading = from_json_text(call.args.given.get("loading_messages") or [], "invalid_arguments")
    if not isinstance(loading, list) or not all(isinstance(line, str) for line in loading):
        raise invalid_arguments("must provide an array [json-pointer:/loading_messages]")
    if len(loading) > MOST_LOADING_MESSAGES:
        sentence = f"no more than {MOST_LOADING_MESSAGES} items allowed [json-pointer:/loading_messages]"
        raise invalid_arguments(sentence)
    call.sandbox.assistant.set_status(channel.id, thread_ts, call.args.text("status") or "", loading)
    return {}


def set_title(call: Call) -> Json:
    channel, thread_ts = _thread(call)
    title = call.args.need("title")
    call.sandbox.assistant.thread(channel.id, thread_ts).title = title
    call.sandbox.assistant.changed(channel.id, thread_ts)
    return {}


def set_suggested_prompts(call: Call) -> Json:
    prompts = from_json_text(call.args.given.get("prompts"), "invalid_arguments")
    if not isinstance(prompts, list) or not prompts or not all(_is_prompt(prompt) for prompt in prompts):
        raise invalid_arguments("must provide an array of {title, message} [json-pointer:/prompts]")
    if len(prompts) > MOST_PROMPTS:
        raise invalid_arguments(f"no more than {MOST_PROMPTS} items allowed [json-pointer:/prompts]")
    channel, thread_ts = _thread(call)
    state = call.sandbox.assistant.thread(channel.id, thread_ts)
    state.prompts, state.prompts_title = prompts, call.args.text("title")
    call.sandbox.assistant.changed(channel.id, thread_ts)
    return {}


def set_session_status(call: Call) -> Json:
    """The app is the only one at work in a session here, so both statuses are the same."""
    channel = _place(call)
    if call.actor not in channel.members:
        raise SlackError("not_authorized")
    status, title = call.args.need("status"), call.args.text("title")
    if status not in SESSION_STATES:
        raise SlackError("invalid_status")
    thread_ts = call.args.text("thread_ts")
    if thread_ts is None:
        raise SlackError("thread_ts_required")
    initiator = call.args.text("initiator_user_id")
    if initiator is not None and initiator not in channel.members:
        raise SlackError("user_not_found")
    if title is not None and len(title) > LONGEST_TITLE:
        raise invalid_arguments(f"must be less than {LONGEST_TITLE + 1} characters [json-pointer:/title]")
    state = call.sandbox.assistant.thread(channel.id, thread_ts)
    if state.session is None:
        state.session_title = title
    state.session = status
    call.sandbox.assistant.changed(channel.id, thread_ts)
    told = {"status": status, "agent_status": status}
    return told | ({"title": state.session_title} if state.session_title else {})


def _is_prompt(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) and value[key] for key in ("title", "message")
    )


def _place(call: Call) -> Channel:
    """These methods say `detail` besides the code."""
    try:
        return call.channel("channel_id")
    except SlackError as error:
        if error.error == "channel_not_found":
            raise SlackError("channel_not_found", detail="Invalid channel_id") from error
        raise


def _thread(call: Call) -> tuple[Channel, str]:
    channel = _place(call)
    thread_ts = call.args.need("thread_ts")
    message = call.workspace.history.get(channel.id, thread_ts)
    if message is None or message.is_reply:
        raise SlackError("invalid_thread_ts", detail="Thread not found")
    return channel, thread_ts


METHODS = {
    "assistant.threads.setStatus": Method(set_status, SPECIAL, _SCOPES, kinds=BOT_ONLY),
    "assistant.threads.setTitle": Method(set_title, TIER_3, ("assistant:write",), kinds=BOT_ONLY),
    "assistant.threads.setSuggestedPrompts": Method(
        set_suggested_prompts, TIER_3, ("assistant:write",), kinds=BOT_ONLY
    ),
    "agents.sessions.setStatus": Method(set_session_status, TIER_3, ("chat:write",), kinds=BOT_ONLY),
}
