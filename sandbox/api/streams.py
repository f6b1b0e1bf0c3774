"""chat.startStream, appendStream and stopStream."""

from sandbox.api.arguments import invalid_arguments
from sandbox.api.assistant import SESSION_STATES
from sandbox.api.call import BOT_ONLY, Call, Method
from sandbox.api.chat import author_of, check_may_post, own_message
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import LONGEST_MARKDOWN, Content, app_payload, from_json_text, read_content
from sandbox.people import TEAM_ID, Channel
from sandbox.posting import parent_of
from sandbox.rate_limits import TIER_2, TIER_4
from sandbox.streams import DISPLAYS, Display, Stream, check_chunks
from sandbox.types import Json


def start(call: Call) -> Json:
    channel = call.channel()
    call.args.need("thread_ts")
    _check_recipient(call, channel)
    check_may_post(call, channel)
    parent = parent_of(call.workspace, channel, call.args.given)
    stream = call.sandbox.streams.begin(call.actor, _display(call))
    _grow(call, stream, is_needed=False)
    payload = app_payload(call.workspace, Content(), parent, author_of(call))
    message = Message(payload | _content(stream))
    call.workspace.history.add(channel.id, message)
    call.sandbox.streams.keep(channel.id, message.ts, stream)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call) -> Json:
    channel, message, stream = _open_stream(call)
    _grow(call, stream, is_needed=True)
    call.workspace.history.replace(channel.id, message.ts, message.payload | _content(stream))
    call.sandbox.streams.keep(channel.id, message.ts, stream)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: Call) -> Json:
    """The last words, and blocks below everything; `session_status` is then the agent's state in the thread."""
    channel, message, stream = _open_stream(call)
    session = call.args.text("session_status")
    if session is not None and session not in SESSION_STATES:
        raise SlackError("invalid_status")
    last = read_content({key: call.args.given.get(key) for key in ("blocks", "metadata")})
    _grow(call, stream, is_needed=False)
    stream.add_blocks(last.blocks or [])
    payload = message.payload | _content(stream) | ({"metadata": last.metadata} if last.metadata else {})
    if not payload["text"] and not payload.get("blocks"):
        raise SlackError("no_text")
    changed = call.workspace.history.replace(channel.id, message.ts, payload)
    call.sandbox.streams.end(channel.id, message.ts)
    if session is not None:
        call.sandbox.assistant.thread(channel.id, str(message.thread_ts)).session = session
        call.sandbox.assistant.changed(channel.id, str(message.thread_ts))
    return {"channel": channel.id, "ts": message.ts, "message": changed.payload}


def _open_stream(call: Call) -> tuple[Channel, Message, Stream]:
    """The message and a copy of its stream, which takes its place once nothing more can go wrong."""
    channel = call.channel()
    message = own_message(call, channel, call.args.need("ts"), "message_not_owned_by_app")
    stream = call.sandbox.streams.find(channel.id, message.ts)
    if stream is None:
        raise SlackError("message_not_in_streaming_state")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel, message, stream.copy()


def _grow(call: Call, stream: Stream, *, is_needed: bool) -> None:
    """Add what the call brings."""
    text = call.args.text("markdown_text")
    chunks = check_chunks(from_json_text(call.args.given.get("chunks") or None, "invalid_chunks"))
    if text is not None and len(text) > LONGEST_MARKDOWN:
        raise SlackError("msg_too_long")
    if is_needed and text is None and not chunks:
        raise SlackError("no_text")
    if text is not None:
        stream.add_text(text)
    stream.add(chunks)


def _content(stream: Stream) -> Json:
    return {"text": stream.text(), "blocks": stream.blocks()}


def _display(call: Call) -> Display:
    asked = call.args.text("task_display_mode") or "timeline"
    if asked in DISPLAYS:
        return DISPLAYS[asked]
    raise invalid_arguments("must be a valid enum value [json-pointer:/task_display_mode]")


def _check_recipient(call: Call, channel: Channel) -> None:
    """In a channel it must be said for whom the text is written."""
    if channel.is_im:
        return
    team, user = call.args.text("recipient_team_id"), call.args.text("recipient_user_id")
    if team is None:
        raise SlackError("missing_recipient_team_id")
    if user is None:
        raise SlackError("missing_recipient_user_id")
    if team != TEAM_ID:
        raise SlackError("team_not_found")
    if user not in call.workspace.people:
        raise SlackError("user_not_found")


METHODS = {
    "chat.startStream": Method(start, TIER_2, ("chat:write",), kinds=BOT_ONLY),
    "chat.appendStream": Method(append, TIER_4, ("chat:write",), kinds=BOT_ONLY),
    "chat.stopStream": Method(stop, TIER_2, ("chat:write",), kinds=BOT_ONLY),
}
