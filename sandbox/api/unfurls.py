"""chat.unfurl: previews of the links that people post, or an invitation to sign in first."""

from typing import Any

from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.links import urls_in
from sandbox.message_store import Message
from sandbox.messaging import NO_TEXT, app_payload, from_json_text, read_content
from sandbox.people import APP_ID, BOT_ID
from sandbox.rate_limits import TIER_3
from sandbox.types import Json


def unfurl(call: Call) -> Json:
    channel, ts = _where(call)
    message = call.workspace.history.get(channel, ts)
    if message is None or message.is_tombstone:
        raise SlackError("cannot_find_message")
    unfurls = _unfurls(call)
    asks_to_sign_in = _asks_to_sign_in(call)
    if not unfurls and not asks_to_sign_in:
        raise SlackError("missing_unfurls")
    _check_urls(call, channel, message, list(unfurls))
    made = [_attachment(url, preview) for url, preview in unfurls.items()]
    invitation = _invitation(call, message) if asks_to_sign_in else None
    if made:
        _attach(call, channel, message, made)
    if invitation is not None:
        call.workspace.history.add(channel, invitation)
    return {}


def _where(call: Call) -> tuple[str, str]:
    """The message: by channel and ts, or by unfurl_id and source."""
    unfurl_id, source = call.args.text("unfurl_id"), call.args.text("source")
    if unfurl_id is not None or source is not None:
        return _by_unfurl_id(call, unfurl_id, source)
    asked, ts = call.args.text("channel"), call.args.text("ts")
    if asked is None:
        raise SlackError("missing_channel")
    if ts is None:
        raise SlackError("missing_ts")
    channel = call.workspace.channels.get(asked)
    if channel is None or not call.workspace.may_see(call.actor, channel):
        raise SlackError("cannot_find_channel")
    return asked, ts


def _by_unfurl_id(call: Call, unfurl_id: str | None, source: str | None) -> tuple[str, str]:
    if unfurl_id is None:
        raise SlackError("missing_unfurl_id")
    if source is None:
        raise SlackError("missing_source")
    if source not in ("composer", "conversations_history"):
        raise SlackError("invalid_source")
    shared = call.sandbox.links.find(unfurl_id)
    if shared is None:
        raise SlackError("invalid_unfurl_id")
    return shared.channel, shared.ts


def _unfurls(call: Call) -> dict[str, Json]:
    value: Any = from_json_text(call.args.given.get("unfurls") or {}, "invalid_unfurls_format")
    if not isinstance(value, dict):
        raise SlackError("invalid_unfurls_format")
    if not all(isinstance(preview, dict) for preview in value.values()):
        raise SlackError("cannot_parse_attachment")
    return value


def _check_urls(call: Call, channel: str, message: Message, urls: list[str]) -> None:
    in_message = set(urls_in(str(message.payload.get("text") or "")))
    told = call.sandbox.links.told_of(channel, message.ts)
    for url in urls:
        if url not in in_message:
            raise SlackError("cannot_unfurl_message")
        if url not in told:
            raise SlackError("cannot_unfurl_url")


def _attachment(url: str, preview: Json) -> Json:
    """Given blocks, or the fields of an attachment; both are checked as in a message."""
    try:
        content = read_content({"attachments": [{key: preview[key] for key in preview if key != "preview"}]})
    except SlackError as error:
        raise SlackError("cannot_parse_attachment", **error.extra) from error
    made = (content.attachments or [{}])[0]
    marks = {"from_url": url, "app_unfurl_url": url, "is_app_unfurl": True}
    return made | marks | {"app_id": APP_ID, "bot_id": BOT_ID}


def _attach(call: Call, channel: str, message: Message, made: list[Json]) -> None:
    """A second preview of the same address takes the place of the first."""
    urls = {attachment["from_url"] for attachment in made}
    kept = [each for each in message.payload.get("attachments", []) if each.get("from_url") not in urls]
    attachments = [each | {"id": number} for number, each in enumerate([*kept, *made], 1)]
    call.workspace.history.replace(channel, message.ts, message.payload | {"attachments": attachments})


def _asks_to_sign_in(call: Call) -> bool:
    names = ("user_auth_message", "user_auth_url", "user_auth_blocks")
    return call.args.flag("user_auth_required") or any(call.args.given.get(name) for name in names)


def _invitation(call: Call, message: Message) -> Message:
    """What only the person who posted the link sees."""
    user = message.payload.get("user")
    if user not in call.workspace.people:
        raise SlackError("cannot_auth_user")
    words, url = call.args.text("user_auth_message"), call.args.text("user_auth_url")
    text = " ".join(part for part in (words, f"<{url}>" if url else None) if part)
    name = call.workspace.bot.real_name
    asked = text or f"Connect your account with {name} to see previews of its links."
    content = read_content({"text": asked, "blocks": call.args.given.get("user_auth_blocks")})
    parent = None
    if message.is_reply:
        channel = _where(call)[0]
        parent = call.workspace.history.get(channel, str(message.thread_ts))
    payload = app_payload(call.workspace, content, parent)
    return Message(payload | {"is_ephemeral": True, "text": content.text or NO_TEXT}, ephemeral_for=str(user))


METHODS = {"chat.unfurl": Method(unfurl, TIER_3, ("links:write",))}
