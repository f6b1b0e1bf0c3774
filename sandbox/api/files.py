"""files.*: uploading in three steps, reading, listing and deleting."""

import math
from typing import Any

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.file_kinds import SNIPPET_TYPES, is_text, media_group
from sandbox.file_store import MOST_SNIPPET_BYTES, StoredFile, Upload
from sandbox.message_store import Message
from sandbox.messaging import Author, Content, app_payload, from_json_text, read_content
from sandbox.people import Channel
from sandbox.posting import may_post, parent_of
from sandbox.rate_limits import TIER_2, TIER_3, TIER_4
from sandbox.sharing import delete_file, post_files
from sandbox.types import Json

LONGEST_ALT_TEXT = 1000
MOST_CHANNELS = 100
LONGEST_SHOWN = 100_000  # characters of a text file that files.info gives
_GROUPS = ("all", "spaces", "snippets", "images", "gdocs", "zips", "pdfs")


def get_upload_url(call: Call) -> Json:
    name, length = call.args.need("filename"), _length(call)
    snippet_type, alt_txt = call.args.text("snippet_type"), call.args.text("alt_txt")
    if alt_txt is not None and len(alt_txt) > LONGEST_ALT_TEXT:
        raise SlackError("alt_txt_too_large")
    if snippet_type is not None and snippet_type not in SNIPPET_TYPES:
        raise SlackError("unknown_snippet_type")
    if snippet_type is not None and length > MOST_SNIPPET_BYTES:
        raise SlackError("snippet_too_large")
    upload = call.sandbox.files.reserve(
        call.actor, name, length, by_app=True, snippet_type=snippet_type, alt_txt=alt_txt
    )
    base = call.sandbox.config.public_url.rstrip("/")
    return {"upload_url": f"{base}/upload/v1/{upload.secret}", "file_id": upload.file.id}


def complete_upload(call: Call) -> Json:
    """Everything is checked before anything happens: a refused call may be repeated."""
    wanted = _wanted(call)
    channels = [_postable(call, channel_id) for channel_id in _channel_ids(call)]
    if call.args.text("thread_ts") is not None and len(channels) != 1:
        raise invalid_arguments("`thread_ts` needs exactly one channel [json-pointer:/thread_ts]")
    content = _introduction(call)
    parents = [parent_of(call.workspace, channel, call.args.given) for channel in channels]
    files = [call.sandbox.files.complete(upload, title) for upload, title in wanted]
    for channel, parent in zip(channels, parents, strict=True):
        post_files(call.sandbox, channel.id, _message(call, content, parent), files)
    return {"files": [call.sandbox.files.describe(file) for file in files]}


def upload(call: Call) -> Json:
    """Slack switched it off in November 2025 in favour of the three steps."""
    raise SlackError("method_deprecated")


def info(call: Call) -> Json:
    file = _visible(call)
    told: Json = {"file": call.sandbox.files.describe(file), "comments": []}
    content = call.sandbox.files.content(file) if is_text(file.filetype) else None
    if content is not None:
        told["content"] = content.decode("utf-8", "replace")[:LONGEST_SHOWN]
    return told | {"response_metadata": {"next_cursor": ""}}


def list_(call: Call) -> Json:
    count, page = _number(call, "count", 100, 1000), _number(call, "page", 1, 1_000_000)
    rows = [call.sandbox.files.describe(file) for file in _filtered(call)]
    start = (page - 1) * count
    paging = {"count": count, "total": len(rows), "page": page, "pages": math.ceil(len(rows) / count)}
    return {"files": rows[start : start + count], "paging": paging}


def delete(call: Call) -> Json:
    file = _visible(call)
    if file.user != call.actor:
        raise SlackError("cant_delete_file")
    delete_file(call.sandbox, file)
    return {}


def _length(call: Call) -> int:
    value = call.args.need("length")
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise invalid_arguments("must provide an integer [json-pointer:/length]")
    if int(value) == 0:
        raise SlackError("missing_argument")
    return int(value)


def _wanted(call: Call) -> list[tuple[Upload, str | None]]:
    """The uploads to complete and their new titles."""
    rows = from_json_text(call.args.given.get("files"), "invalid_arguments")
    if not isinstance(rows, list) or not rows:
        raise invalid_arguments("missing required field: files")
    return [_upload(call, row, f"/files/{index}") for index, row in enumerate(rows)]


def _upload(call: Call, row: Any, at: str) -> tuple[Upload, str | None]:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise invalid_arguments(f"missing required field: id [json-pointer:{at}]")
    title = row.get("title")
    if title is not None and not isinstance(title, str):
        raise invalid_arguments(f"must provide a string [json-pointer:{at}/title]")
    found = call.sandbox.files.received(row["id"])
    if found is None:
        raise SlackError("file_not_found")
    if found.file.user != call.actor:
        raise SlackError("access_denied")
    return found, title


def _channel_ids(call: Call) -> list[str]:
    single = call.args.text("channel_id")
    ids = list(dict.fromkeys([*([single] if single else []), *call.args.words("channels")]))
    if len(ids) > MOST_CHANNELS:
        raise SlackError("channels_limit_exceeded")
    return ids


def _postable(call: Call, channel_id: str) -> Channel:
    channel = call.known_channel(channel_id)
    try:
        may_post(channel, call.actor, is_public_allowed=False)
    except SlackError as error:
        is_archived = error.error == "is_archived"
        raise SlackError("posting_to_channel_denied" if is_archived else error.error) from error
    return channel


def _introduction(call: Call) -> Content:
    """What is said with the files; blocks count only without `initial_comment`."""
    comment = call.args.text("initial_comment")
    return read_content({"text": comment} if comment else {"blocks": call.args.given.get("blocks")})


def _message(call: Call, content: Content, parent: Message | None) -> Json:
    payload = app_payload(call.workspace, content, parent, Author(call.actor))
    return payload | {"text": content.text or ""}


def _visible(call: Call) -> StoredFile:
    files, file_id = call.sandbox.files, call.args.need("file")
    file = files.find(file_id)
    if file is not None and files.may_see(file, call.actor, is_app=call.grant.is_bot):
        return file
    raise SlackError("file_deleted" if files.was_deleted(file_id) else "file_not_found")


def _filtered(call: Call) -> list[StoredFile]:
    """Newest first."""
    user, channel = call.args.text("user"), call.args.text("channel")
    if user is not None and call.workspace.member(user) is None:
        raise SlackError("user_not_found")
    groups = call.args.words("types") or ["all"]
    if any(group not in _GROUPS for group in groups):
        raise SlackError("unknown_type")
    oldest, newest = _time(call, "ts_from", 0.0), _time(call, "ts_to", math.inf)
    return [
        file
        for file in reversed(call.sandbox.files.all())
        if call.sandbox.files.may_see(file, call.actor, is_app=call.grant.is_bot)
        and user in (None, file.user)
        and (channel is None or any(share.channel == channel for share in file.shares))
        and ("all" in groups or media_group(file.mimetype, file.mode) in groups)
        and oldest <= file.created <= newest
    ]


def _number(call: Call, name: str, default: int, most: int) -> int:
    value = call.args.text(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not int(value):
        raise invalid_arguments(f"must provide an integer [json-pointer:/{name}]")
    return min(int(value), most)


def _time(call: Call, name: str, default: float) -> float:
    value = call.args.text(name)
    if value is None or value == "now" or value == "all":
        return default
    if not value.isascii() or not value.replace(".", "", 1).isdigit() or len(value) > 20:
        raise invalid_arguments(f"must be a timestamp [json-pointer:/{name}]")
    return float(value)


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, TIER_4, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, TIER_4, ("files:write",)),
    "files.upload": Method(upload, TIER_2, ("files:write",)),
    "files.info": Method(info, TIER_4, ("files:read",)),
    "files.list": Method(list_, TIER_3, ("files:read",)),
    "files.delete": Method(delete, TIER_3, ("files:write",)),
}
